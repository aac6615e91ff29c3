import { crc32 } from 'node:zlib';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The text with the checksum that makes it a well-formed key: six base62 digits of its CRC-32. */
export function withChecksum(text: string): string {
  const crc = crc32(text);
  const digits = [5, 4, 3, 2, 1, 0].map((place) => alphabet[Math.floor(crc / 62 ** place) % 62]);
  return `${text}${digits.join('')}`;
}

/** The key with another character at this place, one of 61 by `variant`, and the checksum that belongs to it. */
export function alterKey(key: string, place: number, variant: number): string {
  const body = key.slice(0, -6);
  const index = (alphabet.indexOf(body.charAt(place)) + 1 + (variant % (alphabet.length - 1))) % alphabet.length;
  return withChecksum(`${body.slice(0, place)}${alphabet[index]}${body.slice(place + 1)}`);
}
