import { describe, expect, it } from 'vitest';
import { type CreditedInvoice, creditsOfInvoice, type PricedPlan, UnknownPriceError } from './invoice-credits.ts';
import type { StripeInvoiceLine } from './read-invoice.ts';

const plans: Record<string, PricedPlan> = {
  small: { planName: 'Small', interval: 'month', monthlyCredits: 500 },
  large: { planName: 'Large', interval: 'month', monthlyCredits: 2_000 },
  largeYear: { planName: 'Large', interval: 'year', monthlyCredits: 2_000 },
};

function line(fields: Partial<StripeInvoiceLine> & { from?: string; to?: string }): StripeInvoiceLine {
  const { from = '2026-01-10T00:00:00Z', to = '2026-02-10T00:00:00Z', ...rest } = fields;
  return {
    id: 'il_1',
    amountCents: 4_900,
    description: '',
    periodStart: new Date(from),
    periodEnd: new Date(to),
    priceId: 'small',
    isProration: false,
    isDiscounted: false,
    ...rest,
  };
}

function creditsOf(lines: StripeInvoiceLine[], fields: Partial<CreditedInvoice> = {}) {
  const anchor = new Date('2026-01-10T00:00:00Z');
  const invoice = { id: 'in_1', billingReason: 'subscription_cycle', lines, trialEnd: null, anchor, ...fields };
  return creditsOfInvoice(invoice, (priceId) => plans[priceId]);
}

const change = (from: string, to: string, rest: { from: string; to: string }) => [
  line({ id: 'il_old', priceId: from, amountCents: -1, isProration: true, ...rest }),
  line({ id: 'il_new', priceId: to, amountCents: 1, isProration: true, ...rest }),
];

describe('the credits of an invoice', () => {
  it('are those of the plan for a full period, and end with it', () => {
    expect(creditsOf([line({})])).toEqual({
      hasFullPeriod: true,
      lines: [
        {
          reference: 'invoice:in_1:line:il_1',
          credits: 500,
          expires_at: '2026-02-10T00:00:00.000Z',
          description: 'Credits of the small plan',
        },
      ],
    });
    expect(creditsOf([line({ priceId: 'largeYear', to: '2027-01-10T00:00:00Z' })]).lines[0]?.credits).toBe(24_000);
  });

  it('are none for a trial, and all for a period with a discount of 100 %', () => {
    const trialEnd = new Date('2026-01-24T00:00:00Z');
    const trial = line({ amountCents: 0, to: '2026-01-24T00:00:00Z' });
    expect(creditsOf([trial], { billingReason: 'subscription_create', trialEnd }).lines).toEqual([]);
    expect(creditsOf([line({ amountCents: 0, isDiscounted: true })]).lines[0]?.credits).toBe(500);
    // The price is that before the discount, as Stripe writes it.
    expect(creditsOf([line({ isDiscounted: true })], { trialEnd }).lines[0]?.credits).toBe(500);
  });

  it('are the difference for the rest of the period after an upgrade, rounded down once', () => {
    const rest = { from: '2026-01-20T00:00:00Z', to: '2026-02-10T00:00:00Z' };
    expect(creditsOf(change('small', 'large', rest), { billingReason: 'subscription_update' })).toMatchObject({
      hasFullPeriod: false,
      lines: [
        {
          reference: 'invoice:in_1:proration',
          // 1,500 × 21 / 31
          credits: 1_016,
          expires_at: '2026-02-10T00:00:00.000Z',
        },
      ],
    });
  });

  it('count a short month by the anchor: one that ends on February 28 may have begun on January 31', () => {
    const anchor = new Date('2026-01-31T00:00:00Z');
    const rest = { from: '2026-02-14T00:00:00Z', to: '2026-02-28T00:00:00Z' };
    expect(creditsOf(change('small', 'large', rest), { anchor }).lines[0]?.credits).toBe(750);
    const march = { from: '2026-03-15T12:00:00Z', to: '2026-03-31T00:00:00Z' };
    expect(creditsOf(change('small', 'large', march), { anchor }).lines[0]?.credits).toBe(750);
  });

  it('are none for a downgrade in the middle of a period, and never below nothing', () => {
    const rest = { from: '2026-01-20T00:00:00Z', to: '2026-02-10T00:00:00Z' };
    expect(creditsOf(change('large', 'small', rest)).lines).toEqual([]);
  });

  it('are a whole year’s for a change from month to year', () => {
    const credited = line({
      id: 'il_old',
      amountCents: -2_450,
      isProration: true,
      from: '2026-01-25T12:00:00Z',
      to: '2026-02-10T00:00:00Z',
    });
    const year = line({
      id: 'il_year',
      priceId: 'largeYear',
      from: '2026-01-25T12:00:00Z',
      to: '2027-01-25T12:00:00Z',
    });
    const anchor = new Date('2026-01-25T12:00:00Z');
    expect(creditsOf([credited, year], { anchor })).toMatchObject({
      hasFullPeriod: true,
      lines: [{ reference: 'invoice:in_1:line:il_year', credits: 24_000 }],
    });
  });

  it('are none for invoices that no period makes', () => {
    for (const billingReason of ['manual', 'subscription_threshold', 'something_new', null]) {
      expect(creditsOf([line({})], { billingReason }).lines).toEqual([]);
    }
  });

  it('are not guessed for a price that is not ours', () => {
    expect(() => creditsOf([line({ priceId: 'other' })])).toThrow(UnknownPriceError);
    expect(() => creditsOf([line({ priceId: null })])).toThrow(UnknownPriceError);
  });
});
