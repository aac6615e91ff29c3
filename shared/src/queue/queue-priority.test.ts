import { describe, expect, it } from 'vitest';
import { queuePriority } from './queue-priority.ts';

describe('queuePriority', () => {
  const noon = Date.UTC(2026, 5, 1, 12);
  const at = (seconds: number) => new Date(noon + seconds * 1000);

  it('lets a better plan overtake within the handicap', () => {
    expect(queuePriority(0, at(100))).toBeLessThan(queuePriority(120, at(0)));
  });

  it('lets nobody be overtaken for ever', () => {
    expect(queuePriority(120, at(0))).toBeLessThan(queuePriority(0, at(200)));
  });

  it('stays in the range of BullMQ to the end of a leap year', () => {
    const last = queuePriority(10_000, new Date(Date.UTC(2028, 11, 31, 23, 59, 59)));
    expect(last).toBeLessThan(2 ** 21);
    expect(queuePriority(0, new Date(Date.UTC(2028, 0, 1)))).toBe(1);
  });
});
