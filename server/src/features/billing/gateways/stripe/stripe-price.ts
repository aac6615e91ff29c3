import { addGatewayPrice, findGatewayPrice, type SoldItem } from '@base/shared/db/queries/gateway-records';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import type { StripeClient } from '@base/shared/gateways/stripe/client';
import { callStripe } from '@base/shared/gateways/stripe/translate-error';
import type { Pool } from 'pg';

export interface PricedItem {
  item: SoldItem;
  name: string;
  amountCents: number;
}

/** Stripe's price of an item at our amount; made there when it is sold at this amount for the first time. */
export async function findOrMakePrice(pool: Pool, stripe: StripeClient, priced: PricedItem): Promise<string> {
  const { item, amountCents } = priced;
  const known = await findGatewayPrice(pool, 'stripe', item, amountCents);
  if (known !== null) return known;
  const priceId = await callStripe(() => lookUp(stripe, priced)).then((found) => found ?? make(stripe, priced));
  await addGatewayPrice(pool, 'stripe', priceId, item, amountCents);
  return priceId;
}

async function lookUp(stripe: StripeClient, { item, amountCents }: PricedItem): Promise<string | null> {
  const { data } = await stripe.prices.list({ lookup_keys: [lookupKeyOf(item, amountCents)], active: true, limit: 1 });
  const [price] = data;
  const interval = 'packId' in item ? undefined : item.interval;
  const isRight =
    price?.unit_amount === amountCents && price.currency === 'brl' && price.recurring?.interval === interval;
  return isRight ? price.id : null;
}

async function make(stripe: StripeClient, { item, name, amountCents }: PricedItem): Promise<string> {
  const product = 'packId' in item ? `base-pack-${item.packId}` : `base-plan-${item.planId}`;
  await callStripe(() => stripe.products.create({ id: product, name })).catch((error: unknown) => {
    if (!isGatewayError(error) || !error.codes.includes('resource_already_exists')) throw error;
  });
  const lookupKey = lookupKeyOf(item, amountCents);
  const price = await callStripe(() =>
    stripe.prices.create(
      {
        product,
        currency: 'brl',
        unit_amount: amountCents,
        lookup_key: lookupKey,
        transfer_lookup_key: true,
        ...(!('packId' in item) && { recurring: { interval: item.interval } }),
      },
      { idempotencyKey: `price:${lookupKey}` },
    ),
  );
  return price.id;
}

function lookupKeyOf(item: SoldItem, amountCents: number): string {
  return 'packId' in item
    ? `base:${item.packId}:${amountCents}`
    : `base:${item.planId}:${item.interval}:${amountCents}`;
}
