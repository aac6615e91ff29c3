import { jobReceipt } from '@base/shared/contracts/jobs';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentReceipt, type ReceiptRow } from './present-receipt.ts';

// One round trip: everything that belongs to the job comes along as JSON. All types are named because the index on
// references begins with them.
const receiptSql = `select j.id, j.status, j.provider, j.model, j.served_provider, j.served_model, j.key_source, j.credits_held,
  j.quoted_cost_usd, j.credits_charged, j.cost_usd, j.limit_units, j.tokens_in, j.tokens_out, to_jsonb(h) as hold,
  (select coalesce(jsonb_agg(to_jsonb(a) - 'error_detail' order by a.number), '[]')
    from public.provider_attempts a where a.job_id = j.id) as attempts,
  (select coalesce(jsonb_agg(to_jsonb(t) order by t.position), '[]') from public.credit_transactions t
    where t.organization_id = j.organization_id and t.type = any (enum_range(null::public.transaction_type))
      and t.reference_type = 'job' and t.reference_id = j.id::text) as transactions
from public.ai_jobs j
join public.credit_holds h on h.job_id = j.id
where j.organization_id = $1 and j.id = $2`;

export const getReceipt = endpoint({
  method: 'get',
  path: '/jobs/:id/receipt',
  tag: 'jobs',
  summary: 'Read the receipt of a job',
  description:
    'What was quoted, what was held, each call to a provider with what it cost, what was charged, and the entries in the ' +
    'ledger. Complete once the job has ended.',
  access: 'jobs:read',
  params: z.object({ id }),
  responses: { 200: { description: 'The receipt as it is now.', body: jobReceipt } },
  errors: ['not_found'],
  async handle({ params, principal, deps }) {
    const { rows } = await deps.pool.query<ReceiptRow>(receiptSql, [principal.organizationId, params.id]);
    if (!rows[0]) throw new ApiError('not_found');
    return ok(presentReceipt(rows[0]));
  },
});
