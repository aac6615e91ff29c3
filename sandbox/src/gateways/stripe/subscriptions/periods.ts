import type { Period } from '../billing-objects.ts';
import type { Recurring } from '../objects.ts';

const secondsPerDay = 86_400;

/**
 * The end of the period that begins at `start`: the next whole number of intervals after the anchor. Months are counted
 * from the anchor, so that a subscription of the 31st renews on the 28th of February and on the 31st of March.
 */
export function periodFrom(start: number, anchor: number, recurring: Recurring): Period {
  const { interval, interval_count: count } = recurring;
  if (interval === 'day' || interval === 'week') {
    const length = count * secondsPerDay * (interval === 'week' ? 7 : 1);
    return { start, end: anchor + (Math.floor((start - anchor) / length) + 1) * length };
  }
  const step = count * (interval === 'year' ? 12 : 1);
  let months = step;
  while (addMonths(anchor, months) <= start) months += step;
  return { start, end: addMonths(anchor, months) };
}

/** The same time of the same day, `months` later; the last day of a month that is too short. */
function addMonths(seconds: number, months: number): number {
  const date = new Date(seconds * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return Math.floor(date.getTime() / 1000);
}
