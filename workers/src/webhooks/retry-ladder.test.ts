import { expect, it } from 'vitest';
import { readRetryAfter, retrySeconds } from './retry-ladder.ts';

it('waits 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h after a failure, give or take a tenth, and then no more', () => {
  const waits = (random: number) => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((failures) => retrySeconds(failures, null, random));
  expect(waits(0.5)).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000, null, null]);
  expect(waits(0)).toEqual([4.5, 270, 1_620, 6_480, 16_200, 32_400, 32_400, null, null]);
  expect(waits(1).map((wait) => wait && Math.round(wait))).toEqual([
    6,
    330,
    1_980,
    7_920,
    19_800,
    39_600,
    39_600,
    null,
    null,
  ]);
});

it('waits longer where the receiver asks for it, never shorter, and a day at most', () => {
  expect(retrySeconds(1, 60, 0.5)).toBe(60);
  expect(retrySeconds(2, 60, 0.5)).toBe(300);
  expect(retrySeconds(1, 1e9, 0.5)).toBe(86_400);
  expect(retrySeconds(8, 60, 0.5)).toBeNull();
});

it('reads Retry-After as seconds and as a date, and takes nothing else for one', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  expect(readRetryAfter('120', now)).toBe(120);
  expect(readRetryAfter('Sun, 01 Mar 2026 12:01:00 GMT', now)).toBe(60);
  expect(readRetryAfter('Sun, 01 Mar 2026 11:00:00 GMT', now)).toBe(0);
  for (const header of [undefined, '', '-5', 'soon', '1e99']) expect(readRetryAfter(header, now)).toBeNull();
});
