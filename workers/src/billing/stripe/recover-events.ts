import { receivePaymentEvent } from '@base/shared/db/queries/billing';
import { handlers } from './handlers.ts';
import type { StripeContext } from './stripe-context.ts';

/** As long as Stripe itself goes on trying to deliver. */
const lookBackSeconds = 3 * 86_400;
/** What is newer may be on its way. */
const underWaySeconds = 120;
const typesMax = 20;
const pageSize = 100;

/** Lists what Stripe has said in the last days, and takes what is not in the inbox. @returns how many */
export async function recoverStripeEvents({ stripe, pool, clock }: StripeContext): Promise<number> {
  const now = Math.floor(clock.now().getTime() / 1000);
  const created = { gte: now - lookBackSeconds, lte: now - underWaySeconds };
  const types = [...handlers.keys()];
  let recovered = 0;
  for (let start = 0; start < types.length; start += typesMax) {
    const query = { types: types.slice(start, start + typesMax), created, limit: pageSize };
    let after: string | undefined;
    do {
      const page = await stripe.events.list({ ...query, ...(after !== undefined && { starting_after: after }) });
      recovered += await takeMissing({ pool }, page.data);
      after = page.has_more ? page.data.at(-1)?.id : undefined;
    } while (after !== undefined);
  }
  return recovered;
}

interface ListedEvent {
  id: string;
  type: string;
  api_version: string | null;
}

async function takeMissing({ pool }: Pick<StripeContext, 'pool'>, events: readonly ListedEvent[]): Promise<number> {
  const { rows } = await pool.query<{ event_id: string }>(
    `select event_id from payment_events where gateway = 'stripe' and event_id = any ($1)`,
    [events.map(({ id }) => id)],
  );
  const known = new Set(rows.map((row) => row.event_id));
  let taken = 0;
  for (const event of events.filter(({ id }) => !known.has(id))) {
    const { id, type, api_version: apiVersion } = event;
    const payload = JSON.stringify(event);
    if (await receivePaymentEvent(pool, { gateway: 'stripe', id, type, apiVersion, payload })) taken += 1;
  }
  return taken;
}
