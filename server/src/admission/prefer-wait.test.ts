import { expect, it } from 'vitest';
import { readWaitSeconds } from './prefer-wait.ts';

it.each([
  ['wait=5', 5],
  ['wait=1', 1],
  ['wait=60', 60],
  ['wait=61', 60],
  [`wait=${'9'.repeat(40)}`, 60],
  ['Wait = 7', 7],
  ['wait="8"', 8],
  ['respond-async, wait=10', 10],
  ['respond-async; x="a, wait=3", wait=10; strict', 10],
  ['wait=4, wait=40', 4],
  ['return=minimal,wait=9', 9],
])('%s waits for %d seconds', (prefer, seconds) => {
  expect(readWaitSeconds(prefer)).toBe(seconds);
});

it.each([
  undefined,
  '',
  'respond-async',
  'wait',
  'wait=',
  'wait=0',
  'wait=-5',
  'wait=1.5',
  'wait=5s',
  'wait=soon, wait=5',
  'waiting=5',
  'x="wait=5"',
  'x="wait=5',
  'x="a, wait=5\\',
  ',,,',
])('%s is no preference to wait', (prefer) => {
  expect(readWaitSeconds(prefer)).toBeNull();
});
