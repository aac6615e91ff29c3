/** What the simulated shop sells, written down a second time: the model must not learn prices from what it checks. */

export type PlanId = 'starter' | 'professional' | 'business';
export type Interval = 'month' | 'year';

export interface SoldPlan {
  id: PlanId;
  monthlyCredits: number;
  cents: Record<Interval, number>;
}

export const soldPlans: readonly SoldPlan[] = [
  { id: 'starter', monthlyCredits: 500, cents: { month: 4_900, year: 47_000 } },
  { id: 'professional', monthlyCredits: 2_000, cents: { month: 9_900, year: 95_000 } },
  { id: 'business', monthlyCredits: 10_000, cents: { month: 24_900, year: 239_000 } },
];

export const soldPacks = [
  { id: 'credits-5000', credits: 5_000, cents: 14_900 },
  { id: 'credits-20000', credits: 20_000, cents: 49_900 },
  { id: 'credits-100000', credits: 100_000, cents: 199_900 },
] as const;

export const freeMonthlyCredits = 50;
/** Set for the simulation, because no plan has them by itself. */
export const carryOverMax: Record<string, number> = { starter: 120 };
export const trial = { plan: 'business', days: 14, credits: 40 } as const;
export const graceDays = 7;

export interface PricedPlan {
  plan: PlanId;
  interval: Interval;
  /** For one payment. */
  credits: number;
}

/** The plan that costs this. No two cost the same. @throws Error when none does */
export function planOfPrice(cents: number): PricedPlan {
  for (const { id, monthlyCredits, cents: prices } of soldPlans) {
    if (prices.month === cents) return { plan: id, interval: 'month', credits: monthlyCredits };
    if (prices.year === cents) return { plan: id, interval: 'year', credits: monthlyCredits * 12 };
  }
  throw new Error(`no plan costs ${cents} cents`);
}

/** @throws Error when no pack costs this */
export function creditsOfPack(cents: number): number {
  const pack = soldPacks.find((candidate) => candidate.cents === cents);
  if (pack === undefined) throw new Error(`no pack costs ${cents} cents`);
  return pack.credits;
}

/** The statements that make the database sell the same. */
export const shopSql = [
  `update plans set trial_days = ${trial.days}, trial_credits = ${trial.credits} where id = '${trial.plan}'`,
  ...Object.entries(carryOverMax).map(([plan, max]) => `update plans set carry_over_max = ${max} where id = '${plan}'`),
];
