import { applyPayment } from '@base/shared/db/queries/billing';
import type { Schedule } from '../jobs/schedule.ts';
import type { WorkerDeps } from '../start/deps.ts';
import type { DueTopup, TopupOutcome } from './gateway.ts';

export type TopupDeps = Pick<WorkerDeps, 'pool' | 'log' | 'clock' | 'paymentGateways'>;

const batchSize = 20;
/** A batch one after the other takes less, even while the gateway is slow. */
const payingSeconds = 900;

/** Fills up accounts that have fallen below their threshold. */
export const runTopups: Schedule = { name: 'run-topups', everySeconds: 30, run: runTopupsNow };

/** Pays what is due; what cannot be told stays open and is taken up again when its time is over. */
export async function runTopupsNow(deps: TopupDeps): Promise<undefined> {
  const gateway = deps.paymentGateways.get('stripe');
  if (gateway?.payTopup === undefined) return;
  const { rows } = await deps.pool.query<DueTopup>('select * from public.claim_topups($1, $2, $3)', [
    deps.clock.now(),
    batchSize,
    payingSeconds,
  ]);
  for (const topup of rows) {
    try {
      await finish(deps, topup, await gateway.payTopup(topup));
    } catch (err) {
      deps.log.warn({ err, topup_id: topup.id, organization_id: topup.organization_id }, 'a top-up is not paid yet');
    }
  }
}

/** Credits come first: between the two a crash leaves a top-up that is looked up again, and the payment counts once. */
async function finish({ pool, clock }: TopupDeps, topup: DueTopup, outcome: TopupOutcome): Promise<void> {
  if (outcome.status === 'pending') return;
  if (outcome.status === 'paid') {
    await applyPayment(pool, {
      organizationId: topup.organization_id,
      gateway: 'stripe',
      paymentId: outcome.paymentId,
      chargeId: outcome.paymentId,
      kind: 'topup',
      amountCents: outcome.amountCents,
      currency: outcome.currency,
      paidAt: outcome.paidAt,
      lines: [
        {
          reference: `topup:${topup.id}`,
          credits: topup.credits,
          expires_at: null,
          description: 'Automatic top-up',
        },
      ],
      checkoutId: null,
    });
  }
  await pool.query('select public.end_topup($1, $2, $3, $4)', [
    topup.id,
    outcome.status === 'paid' ? outcome.paymentId : null,
    outcome.status === 'declined' ? outcome.code : null,
    clock.now(),
  ]);
}
