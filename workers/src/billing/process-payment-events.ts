import {
  type ClaimedPaymentEvent,
  claimPaymentEvents,
  endPaymentEvent,
  type PaymentEventEnd,
} from '@base/shared/db/queries/billing';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import type { Figures, Schedule } from '../jobs/schedule.ts';
import type { WorkerDeps } from '../start/deps.ts';
import { UnusableEventError } from './gateway.ts';

export type ProcessingDeps = Pick<WorkerDeps, 'pool' | 'log' | 'paymentGateways'>;

const batchSize = 100;
const concurrency = 8;
/** A whole batch takes less, even while the gateway is slow. */
const leaseSeconds = 300;
const attemptsMax = 12;
const firstRetrySeconds = 5;
const longestRetrySeconds = 3_600;

/** Carries out what gateways have told us: every event once, as often as it takes. */
export const processPaymentEvents: Schedule = {
  name: 'process-payment-events',
  everySeconds: 2,
  async run(deps) {
    while ((await processBatch(deps)) === batchSize);
    return measureInbox(deps);
  },
};

/** @returns how many events there were to work on */
export async function processBatch(deps: ProcessingDeps): Promise<number> {
  const events = await claimPaymentEvents(deps.pool, batchSize, leaseSeconds);
  const left = [...events];
  const work = async (): Promise<void> => {
    for (let event = left.shift(); event !== undefined; event = left.shift()) await processEvent(deps, event);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return events.length;
}

async function processEvent({ pool, log, paymentGateways }: ProcessingDeps, event: ClaimedPaymentEvent): Promise<void> {
  const eventLog = log.child({ gateway: event.gateway, event_id: event.event_id, type: event.type });
  let end: PaymentEventEnd;
  try {
    const gateway = paymentGateways.get(event.gateway);
    if (gateway === undefined) throw new Error(`there are no keys for ${event.gateway}`);
    end = { status: await gateway.process(event) };
  } catch (err) {
    end = endAfter(err, event.attempts);
    if (end.status === 'parked') eventLog.error({ err }, 'A PAYMENT EVENT CANNOT BE CARRIED OUT; it is parked');
    else eventLog.warn({ err, attempts: event.attempts }, 'a payment event will be tried again');
  }
  await endPaymentEvent(pool, event, end);
}

/** A gateway that is away, or refuses our key, is no reason to give up on what it said before. */
function endAfter(error: unknown, attempts: number): PaymentEventEnd {
  const message = error instanceof Error ? error.message : String(error);
  const isPassing = isGatewayError(error) && error.kind !== 'invalid' && error.kind !== 'not_found';
  if (error instanceof UnusableEventError || (attempts >= attemptsMax && !isPassing)) {
    return { status: 'parked', error: message };
  }
  const retrySeconds = Math.min(firstRetrySeconds * 2 ** (attempts - 1), longestRetrySeconds);
  return { status: 'received', error: message, retrySeconds };
}

async function measureInbox({ pool }: ProcessingDeps): Promise<Figures> {
  const { rows } = await pool.query<Figures>(
    `select
       (select count(*) from payment_events where status = 'parked')::int as payment_events_parked,
       coalesce(extract(epoch from clock_timestamp() - (select min(received_at) from payment_events where status = 'received')), 0)::float
         as payment_events_oldest_seconds`,
  );
  return rows[0] ?? {};
}
