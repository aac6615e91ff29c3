import { expect, it } from 'vitest';
import { addDays, addMonths, dayInBrazil, daysBetween, startOfDay } from './brazil-days.ts';

it('begins a day three hours after it has begun in Greenwich', () => {
  expect(dayInBrazil(new Date('2026-03-01T02:59:59Z'))).toBe('2026-02-28');
  expect(dayInBrazil(new Date('2026-03-01T03:00:00Z'))).toBe('2026-03-01');
  expect(startOfDay('2026-03-01').toISOString()).toBe('2026-03-01T03:00:00.000Z');
});

it('counts days and months over the ends of months and years', () => {
  expect(addDays('2027-12-31', 1)).toBe('2028-01-01');
  expect(addMonths('2027-01-31', 1)).toBe('2027-02-28');
  expect(addMonths('2027-11-30', 3)).toBe('2028-02-29');
  expect(addMonths('2028-02-29', 12)).toBe('2029-02-28');
  expect(daysBetween('2028-02-28', '2028-03-01')).toBe(2);
});
