import type { CheckoutRow } from '@base/shared/db/queries/billing';
import { endCheckout, findOverdueCheckouts } from '@base/shared/db/queries/checkouts';
import type { Schedule } from '../jobs/schedule.ts';
import type { WorkerDeps } from '../start/deps.ts';
import type { PaymentGateway, PaymentGateways } from './gateway.ts';

export type ReconcilingDeps = Pick<WorkerDeps, 'pool' | 'log' | 'clock' | 'paymentGateways'>;

/** Longer than a gateway takes to tell us by itself. */
const overdueMs = 10 * 60_000;
const overdueMax = 500;

/** Asks the gateways for what they may have told us in vain: webhooks get lost, and money must not. */
export const reconcilePayments: Schedule = {
  name: 'reconcile-payments',
  everySeconds: 3_600,
  async run(deps) {
    const recovered = await recoverEvents(deps);
    const overdue = await settleOverdueCheckouts(deps);
    const silent = await countSilentWebhooks(deps);
    return { payment_events_recovered: recovered, checkouts_overdue: overdue, payment_webhooks_silent: silent };
  },
};

/** Lists what lives at the gateways against what lives here: the last net, for what was lost longer ago. */
export const compareSubscriptions: Schedule = {
  name: 'compare-subscriptions',
  everySeconds: 86_400,
  async run({ paymentGateways, log }) {
    const differing = await sumOf(paymentGateways, (gateway) => gateway.compareSubscriptions());
    if (differing > 0) log.warn({ differing }, 'subscriptions differed from their gateways and were corrected');
    return { subscriptions_differing: differing };
  },
};

/** @returns how many events had not reached us */
export async function recoverEvents({ paymentGateways, log }: ReconcilingDeps): Promise<number> {
  const recovered = await sumOf(paymentGateways, (gateway) => gateway.recoverEvents());
  if (recovered > 0) log.warn({ events: recovered }, 'payment events that never reached us were recovered');
  return recovered;
}

/** @returns how many webhooks at the gateways do not tell us anything */
export async function countSilentWebhooks({ paymentGateways, log }: ReconcilingDeps): Promise<number> {
  const silent = await sumOf(paymentGateways, (gateway) => gateway.countSilentWebhooks?.() ?? Promise.resolve(0));
  if (silent > 0) log.error({ webhooks: silent }, 'A GATEWAY HAS STOPPED TELLING US OF PAYMENTS; resume its webhook');
  return silent;
}

/** @returns how many orders were past their end */
export async function settleOverdueCheckouts(deps: ReconcilingDeps): Promise<number> {
  const { pool, clock, log } = deps;
  const overdue = await findOverdueCheckouts(pool, new Date(clock.now().getTime() - overdueMs), overdueMax);
  for (const checkout of overdue) {
    await settle(deps, checkout).catch((err: unknown) =>
      log.warn({ err, checkout_id: checkout.id }, 'an order that is over could not be looked up; it will be again'),
    );
  }
  return overdue.length;
}

async function settle({ pool, paymentGateways }: ReconcilingDeps, checkout: CheckoutRow): Promise<void> {
  const gateway = paymentGateways.get(checkout.gateway);
  if (checkout.gateway_id === null) await endCheckout(pool, checkout.id, 'expired', null);
  else if (gateway !== undefined) await gateway.settleCheckout(checkout);
}

/** Asks every gateway, also when one of them does not answer. @throws AggregateError then, so that it is asked again soon */
async function sumOf(gateways: PaymentGateways, ask: (gateway: PaymentGateway) => Promise<number>): Promise<number> {
  const answers = await Promise.allSettled([...gateways.values()].map(ask));
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, 'a gateway could not be asked');
  return answers.reduce((sum, answer) => sum + (answer.status === 'fulfilled' ? answer.value : 0), 0);
}
