import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chargeFor, type Price, quote } from './quote.ts';

const price = (changes: Partial<Price> = {}): Price => ({
  credits: 1,
  costUsd: '0.02',
  unit: 'image',
  multipliers: { resolution: { '512': 1, '1024': 2, '2048': 4 } },
  ...changes,
});

describe('quote', () => {
  it.each([
    [{ units: 1, resolution: 300 }, 1, '0.020000'],
    [{ units: 1, resolution: 512 }, 1, '0.020000'],
    [{ units: 1, resolution: 513 }, 2, '0.040000'],
    [{ units: 3, resolution: 2048 }, 12, '0.240000'],
  ])(
    'takes the factor of the smallest square that covers the output: %o costs %i credits',
    (measure, credits, costUsd) => {
      expect(quote(price(), measure)).toEqual({ credits, costUsd, units: measure.units });
    },
  );

  it.each([
    ['a resolution beyond the largest priced', { units: 1, resolution: 4096 }],
    ['no resolution where the price depends on it', { units: 1 }],
    ['nothing to make', { units: 0, resolution: 512 }],
  ])('gives no price for %s', (_, measure) => {
    expect(quote(price(), measure)).toBeUndefined();
  });

  it('rounds each unit up to whole credits', () => {
    const half = price({ credits: 1, multipliers: { quality: { low: 0.5, odd: 0.1 } } });
    expect(quote(half, { units: 3, quality: 'low' })?.credits).toBe(3);
    expect(
      quote(price({ credits: 30, multipliers: { quality: { odd: 0.1 } } }), { units: 1, quality: 'odd' })?.credits,
    ).toBe(3);
    expect(quote(half, { units: 1, quality: 'unheard of' })).toBeUndefined();
  });
});

describe('chargeFor', () => {
  it('never charges more than the quote, never nothing for something, and more for more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 12 }),
        (credits, ordered, made) => {
          const charge = chargeFor(credits, made, ordered);
          expect(charge).toBeLessThanOrEqual(credits);
          expect(charge).toBeGreaterThan(0);
          expect(charge).toBeGreaterThanOrEqual(chargeFor(credits, Math.max(1, made - 1), ordered));
          if (made >= ordered) expect(charge).toBe(credits);
        },
      ),
    );
  });
});
