import { addCustomer, findCustomer, forgetCustomer } from '@base/shared/db/queries/gateway-records';
import { isGatewayError } from '@base/shared/gateways/gateway-error';
import type { StripeClient } from '@base/shared/gateways/stripe/client';
import { callStripe } from '@base/shared/gateways/stripe/translate-error';
import type { Pool } from 'pg';
import type { Payer } from '../gateway.ts';

/**
 * Does something with the organization's customer, who is made when there is none, and made anew when Stripe has deleted
 * the one we know.
 * @param purpose tells the second making from the first, whose key is still remembered
 */
export async function withCustomer<T>(
  { pool, stripe, payer, purpose }: { pool: Pool; stripe: StripeClient; payer: Payer; purpose: string },
  act: (customerId: string) => Promise<T>,
): Promise<T> {
  const { organizationId } = payer;
  const customerId =
    (await findCustomer(pool, 'stripe', organizationId)) ??
    (await makeCustomer(pool, stripe, payer, `customer:${organizationId}`));
  try {
    return await act(customerId);
  } catch (error) {
    const isGone =
      isGatewayError(error) && error.codes.includes('resource_missing') && error.codes.includes('customer');
    if (!isGone) throw error;
    await forgetCustomer(pool, 'stripe', customerId);
    return act(await makeCustomer(pool, stripe, payer, `customer:${organizationId}:${purpose}`));
  }
}

async function makeCustomer(pool: Pool, stripe: StripeClient, payer: Payer, idempotencyKey: string): Promise<string> {
  const { organizationId, organizationName: name, email } = payer;
  const made = await callStripe(() =>
    stripe.customers.create({ name, email, metadata: { organization_id: organizationId } }, { idempotencyKey }),
  ).catch((error: unknown) => {
    // Somebody else of the organization is making it with another address.
    if (isGatewayError(error) && error.codes.includes('idempotency_error')) return null;
    throw error;
  });
  if (made !== null) return addCustomer(pool, 'stripe', organizationId, made.id);
  const known = await findCustomer(pool, 'stripe', organizationId);
  if (known !== null) return known;
  const { id } = await callStripe(() =>
    stripe.customers.create(
      { name, email, metadata: { organization_id: organizationId } },
      { idempotencyKey: `${idempotencyKey}:${email}` },
    ),
  );
  return addCustomer(pool, 'stripe', organizationId, id);
}
