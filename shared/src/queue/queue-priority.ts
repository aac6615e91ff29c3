/** BullMQ takes priorities up to 2^21; in steps of this length a year fits. */
const stepSeconds = 16;

/**
 * The place of a job in its queue: when it came, moved back by its plan's handicap. A job of a better plan overtakes those
 * that came within the handicap before it and nobody else, so every job gets older and every job gets its turn.
 * @param handicapSeconds `plans.job_priority`
 * @returns a BullMQ priority from 1 up; lower is sooner. It starts again with each year (UTC).
 */
export function queuePriority(handicapSeconds: number, now: Date): number {
  const yearStartMs = Date.UTC(now.getUTCFullYear(), 0, 1);
  const seconds = (now.getTime() - yearStartMs) / 1000;
  return 1 + Math.floor(seconds / stepSeconds) + Math.ceil(handicapSeconds / stepSeconds);
}
