import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createGatewayClock } from './clock.ts';

const start = new Date('2026-03-01T12:00:00Z');
const later = (minutes: number) => new Date(start.getTime() + minutes * 60_000);

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

test('what falls due on the way runs in time order, each at its own time, also what was planned on the way', () => {
  const clock = createGatewayClock();
  const seen: string[] = [];
  const note = (name: string) => seen.push(`${name} ${clock.now().toISOString().slice(11, 16)}`);
  clock.schedule(later(30), () => note('second'));
  clock.schedule(later(10), () => {
    note('first');
    clock.schedule(later(20), () => note('planned by the first'));
  });
  clock.schedule(later(30), () => note('third'));
  clock.schedule(later(90), () => note('not yet'));
  clock.advanceTo(later(60));
  expect(seen).toEqual(['first 12:10', 'planned by the first 12:20', 'second 12:30', 'third 12:30']);
  expect(clock.now()).toEqual(later(60));
});

test('after an advance, real time goes on from there and brings what is due', async () => {
  const clock = createGatewayClock();
  let ranAt: Date | null = null;
  clock.advanceTo(later(60));
  clock.schedule(later(61), () => {
    ranAt = clock.now();
  });
  await vi.advanceTimersByTimeAsync(59_000);
  expect(ranAt).toBeNull();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ranAt).toEqual(later(61));
  expect(clock.now()).toEqual(later(61));
});

test('the clock does not go back', () => {
  const clock = createGatewayClock();
  clock.advanceTo(later(5));
  expect(() => clock.advanceTo(later(4))).toThrow(RangeError);
  expect(() => clock.advanceTo(new Date('nonsense'))).toThrow(RangeError);
  expect(clock.now()).toEqual(later(5));
});

test('a clock that stands still brings nothing until it is moved on', async () => {
  const clock = createGatewayClock();
  const seen: string[] = [];
  clock.advanceTo(later(5), true);
  clock.schedule(later(5), () => seen.push('at once'));
  clock.schedule(later(6), () => seen.push('a minute later'));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(clock.now()).toEqual(later(5));
  expect(seen).toEqual(['at once']);
  clock.advanceTo(later(7));
  expect(seen).toEqual(['at once', 'a minute later']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(clock.now()).toEqual(later(8));
});
