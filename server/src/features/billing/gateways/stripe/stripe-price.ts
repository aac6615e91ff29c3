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

/**
 * Does something with Stripe's price of an item at our amount. It is made when it is sold at this amount for the first
 * time, and anew when Stripe does not take the one we know: it was archived, or is one of another account.
 */
export async function withPrice<T>(
  pool: Pool,
  stripe: StripeClient,
  priced: PricedItem,
  act: (priceId: string) => Promise<T>,
): Promise<T> {
  const known = await findGatewayPrice(pool, 'stripe', priced.item, priced.amountCents);
  if (known === null) return act(await findOrMake(pool, stripe, priced));
  try {
    return await act(known);
  } catch (error) {
    if (!isAboutPrice(error)) throw error;
    return act(await findOrMake(pool, stripe, priced));
  }
}

async function findOrMake(pool: Pool, stripe: StripeClient, priced: PricedItem): Promise<string> {
  const priceId = (await callStripe(() => lookUp(stripe, priced))) ?? (await make(stripe, priced));
  await addGatewayPrice(pool, 'stripe', priceId, priced.item, priced.amountCents);
  return priceId;
}

/** The parameter that Stripe names: `line_items[0][price]`, `items[0][price]`, `phases[1][items][0][price]`. */
function isAboutPrice(error: unknown): boolean {
  return isGatewayError(error) && error.codes.some((code) => /^(line_items|items|phases)\b.*price/.test(code));
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
