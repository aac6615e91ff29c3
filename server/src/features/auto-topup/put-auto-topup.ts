import { autoTopup, putAutoTopupBody } from '@base/shared/contracts/auto-topup';
import { endpoint, ok } from '../../http/endpoint.ts';
import { invalidRequest } from '../../http/parse-input.ts';
import { findAutoTopup } from './present-auto-topup.ts';

// What is set again begins anew: whoever has mended their card should not wait for tomorrow.
const putSql = `with pack as (select p.* from public.credit_packs p where p.id = $3 and p.is_active),
saved as (
  insert into public.auto_topups as a (organization_id, is_enabled, threshold_credits, pack_id, daily_cap_cents, monthly_cap_cents)
  select $1, $6, $2, p.id, $4, $5 from pack p where p.price_cents <= $4
  on conflict (organization_id) do update set is_enabled = excluded.is_enabled, threshold_credits = excluded.threshold_credits,
    pack_id = excluded.pack_id, daily_cap_cents = excluded.daily_cap_cents, monthly_cap_cents = excluded.monthly_cap_cents,
    failures = 0, paused_until = null, disabled_reason = null
  returning 1
)
select (select p.price_cents from pack p) as price_cents, exists (select from saved) as is_saved`;

export const putAutoTopup = endpoint({
  method: 'put',
  path: '/billing/auto-topup',
  tag: 'billing',
  summary: 'Have a pack bought whenever credits run low',
  description:
    'Paid with the payment method on file at Stripe, so something must have been bought there before. One purchase at a time, never beyond the caps; ' +
    'a decline pauses it for a day, the third in a row ends it until it is set again. Credits come when the payment has succeeded.',
  access: 'billing:write',
  body: putAutoTopupBody,
  responses: { 200: { description: 'The setting as saved.', body: autoTopup } },
  async handle({ body, deps, principal, writer }) {
    const { rows } = await writer.query<{ price_cents: number | null; is_saved: boolean }>(putSql, [
      principal.organizationId,
      body.threshold,
      body.pack,
      body.daily_cap_cents,
      body.monthly_cap_cents,
      body.enabled,
    ]);
    const price = rows[0]?.price_cents ?? null;
    if (price === null) throw invalidRequest([{ pointer: '/pack', detail: 'must be one of GET /api/v1/credit-packs' }]);
    if (rows[0]?.is_saved !== true) {
      throw invalidRequest([
        { pointer: '/daily_cap_cents', detail: `must be at least the price of the pack, ${price}` },
      ]);
    }
    return ok(await findAutoTopup(deps.pool, principal.organizationId));
  },
});
