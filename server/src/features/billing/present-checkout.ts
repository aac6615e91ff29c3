import type { checkout } from '@base/shared/contracts/billing';
import type { CheckoutRow } from '@base/shared/db/queries/billing';
import type * as z from 'zod';

export function presentCheckout(row: CheckoutRow): z.input<typeof checkout> {
  const at = (time: string) => new Date(time).toISOString();
  return {
    id: row.id,
    object: 'checkout',
    gateway: row.gateway,
    status: row.status,
    plan: row.plan_id,
    interval: row.billing_interval,
    pack: row.pack_id,
    credits: row.credits,
    amount_cents: row.amount_cents,
    currency: 'BRL',
    // A page that is over would only confuse.
    url: row.status === 'open' ? row.url : null,
    instructions: row.instructions,
    expires_at: at(row.expires_at),
    completed_at: row.completed_at === null ? null : at(row.completed_at),
    created_at: at(row.created_at),
  };
}
