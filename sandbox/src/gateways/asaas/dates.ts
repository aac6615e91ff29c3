/** Brazil has had one hour for the whole year since 2019: three behind UTC. */
const offsetMs = 3 * 3_600_000;
const dayMs = 86_400_000;

/** A calendar day in Brazil, YYYY-MM-DD. */
export type Day = string;

/** The day that it is in Brazil at this moment. */
export function dayOf(date: Date): Day {
  return new Date(date.getTime() - offsetMs).toISOString().slice(0, 10);
}

/** `YYYY-MM-DD HH:MM:SS` in Brazil, without a zone: as Asaas writes moments. */
export function momentOf(date: Date): string {
  return new Date(date.getTime() - offsetMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** The moment at which the day reaches this hour in Brazil. */
export function startOf(day: Day, hour = 0): Date {
  return new Date(Date.parse(`${day}T00:00:00Z`) + offsetMs + hour * 3_600_000);
}

export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(day) + count * dayMs).toISOString().slice(0, 10);
}

/** The same day `count` months later; `dayOfMonth` is aimed at, in shorter months their last day is taken. */
export function addMonths(day: Day, count: number, dayOfMonth: number): Day {
  const [year, month] = day.split('-').map(Number);
  const first = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1 + count, 1));
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(dayOfMonth, last));
  return first.toISOString().slice(0, 10);
}

/** The first weekday from `day` on. Holidays are not known here. */
export function businessDayFrom(day: Day): Day {
  const weekday = new Date(day).getUTCDay();
  if (weekday === 6) return addDays(day, 2);
  return weekday === 0 ? addDays(day, 1) : day;
}

/** DD/MM/YYYY, which Asaas uses in the events of subscriptions, and only there. */
export function writeBrazilian(day: Day): string {
  return day.split('-').reverse().join('/');
}

/** Narrows to an existing day. Asaas takes a time after it, and forgets it. */
export function readDay(value: unknown): Day | null {
  const [, day] = typeof value === 'string' ? (/^(\d{4}-\d{2}-\d{2})(?:[ T].*)?$/.exec(value) ?? []) : [];
  if (day === undefined || Number.isNaN(Date.parse(day))) return null;
  return new Date(Date.parse(day)).toISOString().slice(0, 10) === day ? day : null;
}
