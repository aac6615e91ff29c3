import { expect, it } from 'vitest';
import { createContentLinks } from './signed-link.ts';

const config = { PUBLIC_URL: 'https://api.test/', URL_SIGNING_SECRET: 'a signing secret for tests, nothing else' };
const id = '0190b3a4-0000-7000-8000-000000000000';
const start = 1_800_000_000_000;

function read(url: string): { thumbnail: boolean; expires: number; signature: string } {
  const { searchParams } = new URL(url);
  return {
    thumbnail: searchParams.get('thumbnail') === 'true',
    expires: Number(searchParams.get('expires')),
    signature: searchParams.get('signature') ?? '',
  };
}

it('makes a link below the public address that stays the same for five minutes', () => {
  let now = start;
  const links = createContentLinks(config, () => now);
  const url = links(id);
  expect(url).toMatch(/^https:\/\/api\.test\/api\/v1\/generations\/0190b3a4[0-9a-f-]+\/content\?expires=/);
  now += 1;
  const next = links(id);
  now += 299_000;
  expect(links(id)).toBe(next);
  now += 300_000;
  expect(links(id)).not.toBe(next);
});

it('is good for an hour at least and for an hour and five minutes at most', () => {
  let now = start + 123_456;
  const links = createContentLinks(config, () => now);
  const link = read(links(id));
  const madeAt = now;
  now = madeAt + 3_599_000;
  expect(links.isValid(id, link)).toBe(true);
  now = madeAt + 3_901_000;
  expect(links.isValid(id, link)).toBe(false);
});

it('opens nothing but what it was made for', () => {
  const links = createContentLinks(config, () => start);
  const link = read(links(id));
  const thumbnail = read(links(id, { thumbnail: true }));
  expect(links.isValid(id, link) && links.isValid(id, thumbnail)).toBe(true);
  expect(links.isValid(id.replace('0190', '0191'), link)).toBe(false);
  expect(links.isValid(id, { ...link, thumbnail: true })).toBe(false);
  expect(links.isValid(id, { ...thumbnail, thumbnail: false })).toBe(false);
  expect(links.isValid(id, { ...link, expires: link.expires + 1 })).toBe(false);
  expect(links.isValid(id, { ...link, signature: '' })).toBe(false);
  expect(links.isValid(id, { ...link, signature: 'ü'.repeat(43) })).toBe(false);
});
