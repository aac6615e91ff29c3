import { readSubscription, type StripeSubscription } from '@base/shared/gateways/stripe/read-subscription';
import { mirrorSubscription, writeSubscription } from './mirror-subscription.ts';
import { readDatabaseTime, type StripeContext } from './stripe-context.ts';

const pageSize = 100;

interface OwnRow {
  gateway_id: string;
  status: string;
  current_period_end: Date;
  cancel_at_period_end: boolean;
  price_ids: string[];
}

/** Writes every subscription whose state here is not that of Stripe, and ends those that Stripe has no more. @returns how many */
export async function compareStripeSubscriptions(context: StripeContext): Promise<number> {
  const seen = new Set<string>();
  let differing = 0;
  let after: string | undefined;
  do {
    const asOf = await readDatabaseTime(context);
    const page = await context.stripe.subscriptions.list({
      limit: pageSize,
      ...(after !== undefined && { starting_after: after }),
    });
    const listed = page.data.map(readSubscription);
    for (const { id } of listed) seen.add(id);
    differing += await writeDiffering(context, listed, asOf);
    after = page.has_more ? page.data.at(-1)?.id : undefined;
  } while (after !== undefined);
  return differing + (await endUnlisted(context, seen));
}

async function writeDiffering(
  context: StripeContext,
  listed: readonly StripeSubscription[],
  asOf: Date,
): Promise<number> {
  const { pool, log } = context;
  const { rows } = await pool.query<OwnRow>(
    `select s.gateway_id, s.status, s.current_period_end, s.cancel_at_period_end,
       array(select g.gateway_price_id from gateway_prices g
         where g.gateway = 'stripe' and g.plan_id = s.plan_id and g.billing_interval = s.billing_interval) as price_ids
     from subscriptions s where s.gateway = 'stripe' and s.gateway_id = any ($1)`,
    [listed.map(({ id }) => id)],
  );
  const own = new Map(rows.map((row) => [row.gateway_id, row]));
  let differing = 0;
  for (const subscription of listed) {
    if (subscription.status === null || isEqual(subscription, own.get(subscription.id))) continue;
    differing += 1;
    await writeSubscription(context, subscription, asOf).catch((err: unknown) =>
      log.error({ err, subscription: subscription.id }, 'a subscription at Stripe cannot be taken over'),
    );
  }
  return differing;
}

function isEqual(subscription: StripeSubscription, row: OwnRow | undefined): boolean {
  return (
    row !== undefined &&
    row.status === subscription.status &&
    row.current_period_end.getTime() === subscription.periodEnd.getTime() &&
    row.cancel_at_period_end === subscription.cancelAtPeriodEnd &&
    row.price_ids.includes(subscription.priceId)
  );
}

/** Those that live here and were not in the list: they may have ended, or begun a moment ago. */
async function endUnlisted(context: StripeContext, seen: ReadonlySet<string>): Promise<number> {
  const { rows } = await context.pool.query<{ gateway_id: string }>(
    `select gateway_id from subscriptions where gateway = 'stripe' and status <> 'canceled'`,
  );
  let differing = 0;
  for (const { gateway_id: objectId } of rows.filter((row) => !seen.has(row.gateway_id))) {
    const occasion = { objectId, asOf: await readDatabaseTime(context) };
    const status = await mirrorSubscription(context, occasion).then(
      (subscription) => subscription.status,
      (err: unknown) => context.log.error({ err, subscription: objectId }, 'a subscription cannot be found at Stripe'),
    );
    if (status === 'canceled') differing += 1;
  }
  return differing;
}
