import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseAmountCents, parseAsaasJson, toAmount } from './amount.ts';

const cents = fc.integer({ min: 0, max: 1_000_000_000_000_00 });
const write = (amount: number) => `${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, '0')}`;

it('reads every amount with up to two decimals to the cent, however many zeros follow', () => {
  fc.assert(
    fc.property(cents, fc.nat({ max: 6 }), (amount, zeros) => {
      const text = write(amount);
      expect(parseAmountCents(text)).toBe(amount);
      expect(parseAmountCents(text + '0'.repeat(zeros))).toBe(amount);
      expect(parseAmountCents(text.replace(/0$/, ''))).toBe(amount);
      if (amount % 100 === 0) expect(parseAmountCents(text.replace('.00', ''))).toBe(amount);
    }),
  );
});

it('writes every amount as the digits that were meant, and reads them back', () => {
  fc.assert(
    fc.property(cents, (amount) => {
      const sent = JSON.stringify({ value: toAmount(amount) });
      expect(parseAsaasJson(sent)).toEqual({ value: expect.any(String) });
      expect(parseAmountCents(sent.slice('{"value":'.length, -1))).toBe(amount);
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  '',
  '.5',
  '5.',
  '-1',
  '+1',
  '1e3',
  '1,50',
  '1.005',
  '19.999',
  ' 1',
  '1.00x',
  'NaN',
  '1000000000000.01',
  '9'.repeat(30),
])('refuses %j', (text) => {
  expect(() => parseAmountCents(text)).toThrow(RangeError);
});

it.each([0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1_000_000_000_000_01])('writes no %d cents', (amount) => {
  expect(() => toAmount(amount)).toThrow(RangeError);
});

it('takes amounts as they were sent, though a double could not hold them, and leaves other numbers alone', () => {
  const text = '{"value":90071992547409.93,"totalCount":2,"data":[{"value":19.90},{"value":null},{"value":"19.9"}]}';
  expect(parseAsaasJson(text)).toEqual({
    value: '90071992547409.93',
    totalCount: 2,
    data: [{ value: '19.90' }, { value: null }, { value: '19.9' }],
  });
});
