import type { PaymentLine } from '../../db/queries/billing.ts';
import type { StripeInvoiceLine } from './read-invoice.ts';

/** What a price of the gateway brings for each of its intervals. */
export interface PricedPlan {
  planName: string;
  interval: 'month' | 'year';
  monthlyCredits: number;
}

export interface CreditedInvoice {
  id: string;
  billingReason: string | null;
  lines: readonly StripeInvoiceLine[];
  /** Of its subscription, as is `anchor`, from which its periods are counted. */
  trialEnd: Date | null;
  anchor: Date | null;
}

export interface InvoiceCredits {
  /** A full period is among them; else it is nothing but a change in the middle of one. */
  hasFullPeriod: boolean;
  lines: PaymentLine[];
}

/** A price that is not one of ours: then nobody can say what was bought. */
export class UnknownPriceError extends Error {
  override name = 'UnknownPriceError';
}

const creditedReasons = new Set(['subscription_create', 'subscription_cycle', 'subscription_update']);
const dayMs = 86_400_000;

/**
 * The credits that a paid invoice brings: for each full period the plan's, and for a change in the middle of one the
 * difference for the rest of it. A trial's invoice of nothing brings nothing.
 * @throws UnknownPriceError
 */
export function creditsOfInvoice(
  invoice: CreditedInvoice,
  planOf: (priceId: string) => PricedPlan | undefined,
): InvoiceCredits {
  if (!creditedReasons.has(invoice.billingReason ?? '')) return { hasFullPeriod: false, lines: [] };
  const priced = invoice.lines
    .filter((line) => line.isProration || isFullPeriod(line, invoice.trialEnd))
    .map((line) => ({ line, plan: findPlan(line, planOf) }));
  const full = priced.filter(({ line }) => !line.isProration);
  const prorations = priced.filter(({ line }) => line.isProration);
  const lines = full.map(({ line, plan }) => ({
    reference: `invoice:${invoice.id}:line:${line.id}`,
    credits: creditsOf(plan),
    expires_at: line.periodEnd.toISOString(),
    description: `Credits of the ${plan.planName.toLowerCase()} plan`,
  }));
  const difference = prorate(prorations, invoice.anchor);
  if (difference > 0) {
    lines.push({
      reference: `invoice:${invoice.id}:proration`,
      credits: difference,
      expires_at: new Date(Math.max(...prorations.map(({ line }) => Number(line.periodEnd)))).toISOString(),
      description: 'Credits for the rest of the period after a change of plan',
    });
  }
  return { hasFullPeriod: full.length > 0, lines };
}

interface PricedLine {
  line: StripeInvoiceLine;
  plan: PricedPlan;
}

/** A discount of 100 % is a period that was bought; the days of a trial are not. */
function isFullPeriod(line: StripeInvoiceLine, trialEnd: Date | null): boolean {
  if (line.amountCents > 0) return true;
  const isTrial = trialEnd !== null && line.periodEnd.getTime() === trialEnd.getTime();
  return line.amountCents === 0 && line.isDiscounted && !isTrial;
}

function findPlan(line: StripeInvoiceLine, planOf: (priceId: string) => PricedPlan | undefined): PricedPlan {
  const plan = line.priceId === null ? undefined : planOf(line.priceId);
  if (plan === undefined)
    throw new UnknownPriceError(`line ${line.id} has the price ${line.priceId}, which is not ours`);
  return plan;
}

function creditsOf({ monthlyCredits, interval }: PricedPlan): number {
  return monthlyCredits * (interval === 'year' ? 12 : 1);
}

/** The sum of all parts as one fraction, rounded down once: rounding each would lose a credit now and then. */
function prorate(lines: readonly PricedLine[], anchor: Date | null): number {
  let numerator = 0n;
  let denominator = 1n;
  for (const { line, plan } of lines) {
    const whole = fullPeriodSeconds(line.periodEnd, plan.interval, anchor);
    const part = BigInt(Math.round((Number(line.periodEnd) - Number(line.periodStart)) / 1000));
    const credits = BigInt(creditsOf(plan)) * part * BigInt(Math.sign(line.amountCents));
    numerator = numerator * whole + credits * denominator;
    denominator *= whole;
  }
  return numerator > 0n ? Number(numerator / denominator) : 0;
}

/** How long the period is that ends there. */
function fullPeriodSeconds(end: Date, interval: 'month' | 'year', anchor: Date | null): bigint {
  const step = interval === 'year' ? 12 : 1;
  const start = periodStart(end, step, anchor) ?? addMonths(end, -step);
  return BigInt(Math.max(1, Math.round((Number(end) - Number(start)) / 1000)));
}

/** By the anchor, which alone knows that a month ending on February 28 may have begun on January 31. */
function periodStart(end: Date, step: number, anchor: Date | null): Date | null {
  if (anchor === null) return null;
  const months = (end.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + end.getUTCMonth() - anchor.getUTCMonth();
  const isPeriodEnd = Math.abs(Number(addMonths(anchor, months)) - Number(end)) < dayMs;
  return isPeriodEnd ? addMonths(anchor, months - step) : null;
}

/** So many months on; a day that the month does not have is its last. */
function addMonths(date: Date, months: number): Date {
  const moved = new Date(date);
  moved.setUTCDate(1);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate();
  moved.setUTCDate(Math.min(date.getUTCDate(), lastDay));
  return moved;
}
