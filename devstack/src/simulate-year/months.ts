/** Months counted from a moment, in UTC; days that a month does not have are its last. Times in milliseconds. */

export function addMonths(from: number, months: number): number {
  const date = new Date(from);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const timeOfDay = from - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastDay)) + timeOfDay;
}

/** The month from the anchor on, or before it, that a moment lies in. */
export function monthOf(anchor: number, at: number): { start: number; end: number } {
  let months = Math.round((at - anchor) / (30.44 * 86_400_000));
  while (addMonths(anchor, months) > at) months -= 1;
  while (addMonths(anchor, months + 1) <= at) months += 1;
  return { start: addMonths(anchor, months), end: addMonths(anchor, months + 1) };
}

/** YYYY-MM-DD in UTC. */
export function nameOfDay(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : 'ever';
}
