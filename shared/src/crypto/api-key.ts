import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * An API key is a prefix, 43 base62 characters of randomness (256 bits) and 6 of CRC-32 over both: typing errors and
 * strangers' guesses are told apart from keys without asking the database, and secret scanners can recognise leaks.
 */
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const entropyLength = 43;
const checksumLength = 6;
export const apiKeyPrefix = 'base_live_';

/** A new random key. */
export function makeApiKey(prefix = apiKeyPrefix): string {
  let entropy = '';
  while (entropy.length < entropyLength) entropy += alphabet[randomInt(alphabet.length)];
  return `${prefix}${entropy}${checksumOf(prefix + entropy)}`;
}

/** Whether the text has the form of a key and its checksum is right; says nothing about whether the key exists. */
export function isApiKey(text: string, prefix = apiKeyPrefix): boolean {
  if (text.length !== prefix.length + entropyLength + checksumLength || !text.startsWith(prefix)) return false;
  if (!/^[0-9A-Za-z]+$/.test(text.slice(prefix.length))) return false;
  const body = text.slice(0, -checksumLength);
  return checksumOf(body) === text.slice(-checksumLength);
}

/** SHA-256 in hex: what is stored. A key has 256 bits of randomness, so a slow hash would add nothing. */
export function hashApiKey(key: string): string {
  return hash('sha256', key, 'hex');
}

/** What may be shown of a key later on: its beginning and its last four characters. */
export function describeApiKey(key: string, prefix = apiKeyPrefix): { prefix: string; last4: string } {
  return { prefix: key.slice(0, prefix.length + 4), last4: key.slice(-4) };
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let index = 0; index < checksumLength; index += 1) {
    digits = `${alphabet[rest % alphabet.length]}${digits}`;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}
