import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Price, quote } from './quote.ts';

const price = (changes: Partial<Price> = {}): Price => ({
  credits: 1,
  ownKeyCredits: 0,
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
      expect(quote(price(), measure)).toEqual({ credits, ownKeyCredits: 0, costUsd, units: measure.units });
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

describe('quote of tokens', () => {
  const text = (credits: number) =>
    price({ credits, unit: '1k_tokens', costUsd: '0.01', multipliers: { token: { input: 0.25, output: 1 } } });

  it('weighs what is read and written, and rounds the sum up once', () => {
    expect(quote(text(2), { units: 0, tokens: { input: 4_000, output: 1_001 } })).toEqual({
      credits: 5,
      ownKeyCredits: 0,
      costUsd: '0.020010',
      units: 2.001,
    });
    expect(quote(text(1), { units: 0, tokens: { input: 1, output: 0 } })?.credits).toBe(1);
  });

  it('needs a weight for both, and tokens', () => {
    const halfPriced = { ...text(1), multipliers: { token: { input: 1 } } };
    expect(quote(halfPriced, { units: 0, tokens: { input: 1, output: 1 } })).toBeUndefined();
    expect(quote(text(1), { units: 1 })).toBeUndefined();
    expect(quote(text(1), { units: 0, tokens: { input: 0, output: 0 } })).toBeUndefined();
  });

  it('never asks more for less', () => {
    const tokens = fc.record({ input: fc.nat(100_000), output: fc.nat(100_000) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), tokens, tokens, (credits, a, b) => {
        const most = { input: Math.max(a.input, b.input), output: Math.max(a.output, b.output) };
        const held = quote(text(credits), { units: 0, tokens: most })?.credits ?? 0;
        expect(quote(text(credits), { units: 0, tokens: a })?.credits ?? 0).toBeLessThanOrEqual(held);
      }),
    );
  });
});

describe('quote with an own key', () => {
  it('has its own price per unit', () => {
    const own = price({ credits: 4, ownKeyCredits: 1 });
    expect(quote(own, { units: 2, resolution: 1024 })).toMatchObject({ credits: 16, ownKeyCredits: 4 });
  });
});
