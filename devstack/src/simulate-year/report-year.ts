import type { EndFigures } from './check-end.ts';
import type { Difference } from './differences.ts';
import type { NetworkFigures } from './network.ts';

export interface YearReport extends EndFigures {
  seed: number;
  subscribers: number;
  days: number;
  network: NetworkFigures;
  /** How many events reconciliation put into the inbox: lost ones, and those that were late. */
  recovered: number;
  /** How often each thing was done. */
  counts: ReadonlyMap<string, number>;
  differences: readonly Difference[];
  seconds: number;
}

const shownMax = 60;

/** The report as lines of text. */
export function describeYear(report: YearReport): string[] {
  const { network, credits, counts, differences } = report;
  const acts = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `${what} ${count}`);
  return [
    `${report.subscribers} subscribers, ${report.days} days, seed ${report.seed}: ${report.seconds.toFixed(1)} s`,
    `Events: ${network.made} made, ${network.lost} lost, ${network.duplicated} duplicated, ${network.late} late, ${network.delivered} delivered`,
    `Reconciliation: ${report.recovered} put into the inbox, ${report.lostFound} of Stripe's lost events found`,
    `Money: ${report.payments} payments, ${report.claims} refunds and disputes; ${report.replaced} subscriptions replaced`,
    `Credits: ${credits.granted} granted, ${credits.spent} spent, ${credits.expired} expired, ${credits.takenBack} taken back, ${credits.returned} returned, ${credits.owed} owed`,
    `Done: ${acts.join(' · ')}`,
    ...differences
      .slice(0, shownMax)
      .map(
        ({ day, organizationId, what, expected, found }) =>
          `✗ day ${day}, ${organizationId || 'all'}: ${what}: expected ${expected}, found ${found}`,
      ),
    ...(differences.length > shownMax ? [`… and ${differences.length - shownMax} more`] : []),
    differences.length === 0
      ? '✓ every balance, plan and debt is that of the model, and nothing of the gateways is missing'
      : `✗ ${differences.length} differences; run again with --seed ${report.seed}`,
  ];
}
