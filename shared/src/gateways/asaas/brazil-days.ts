/** Brazil has had one hour for the whole year since 2019: three behind UTC. */
const offsetMs = 3 * 3_600_000;
const dayMs = 86_400_000;

/** The day, YYYY-MM-DD, that it is in Brazil at this moment. */
export function dayInBrazil(moment: Date): string {
  return new Date(moment.getTime() - offsetMs).toISOString().slice(0, 10);
}

/** The moment at which a day begins in Brazil. */
export function startOfDay(day: string): Date {
  return new Date(Date.parse(`${day}T00:00:00Z`) + offsetMs);
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(day) + count * dayMs).toISOString().slice(0, 10);
}

/** The same day so many months later, or the last of a month that has no such day. */
export function addMonths(day: string, count: number): string {
  const [year = 0, month = 1, dayOfMonth = 1] = day.split('-').map(Number);
  const first = new Date(Date.UTC(year, month - 1 + count, 1));
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(dayOfMonth, last));
  return first.toISOString().slice(0, 10);
}

/** Whole days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / dayMs);
}
