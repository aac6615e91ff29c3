import { describe, expect, it } from 'vitest';
import { describeApiKey, hashApiKey, isApiKey, makeApiKey } from './api-key.ts';

// Worked out apart from this code, with zlib's crc32 and sha256sum.
const vectors = [
  {
    prefix: 'acme_sk_live_',
    key: 'acme_sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg2Dj4d4',
    sha256: '8b05f9fb44f9f4c59381d67097973fc9d56e24ef266afd7179ecdecc974941f5',
  },
  {
    prefix: 'acme_sk_test_',
    key: 'acme_sk_test_gfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA9876543210232SZx',
    sha256: '742c6c20d674a2f97f3afa5b7f0c68a7342e7804a2d3149d85c10d976ab94224',
  },
];

describe.each(vectors)('$key', ({ prefix, key, sha256 }) => {
  it('is a key, by its prefix only, and hashes as it should', () => {
    expect(isApiKey(key, prefix)).toBe(true);
    expect(isApiKey(key)).toBe(false);
    expect(hashApiKey(key)).toBe(sha256);
  });

  it('is no key when any one character is changed, missing or added', () => {
    for (let index = 0; index < key.length; index += 1) {
      const changed = `${key.slice(0, index)}${key[index] === 'x' ? 'y' : 'x'}${key.slice(index + 1)}`;
      expect(isApiKey(changed, prefix), changed).toBe(false);
    }
    expect(isApiKey(key.slice(0, -1), prefix)).toBe(false);
    expect(isApiKey(`${key}0`, prefix)).toBe(false);
  });
});

it('does not take a checksum that belongs to another prefix', () => {
  expect(isApiKey('acme_sk_test_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg2Dj4d4', 'acme_sk_test_')).toBe(false);
});

it('makes keys that are keys and never the same twice', () => {
  const keys = Array.from({ length: 200 }, () => makeApiKey());
  expect(keys.every((key) => isApiKey(key) && /^base_live_[0-9A-Za-z]{49}$/.test(key))).toBe(true);
  expect(new Set(keys).size).toBe(200);
  const [key = ''] = keys;
  expect(describeApiKey(key)).toEqual({ prefix: key.slice(0, 14), last4: key.slice(-4) });
});
