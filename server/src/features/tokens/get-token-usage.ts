import { tokenUsage, tokenUsageQuery } from '@base/shared/contracts/text';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';

interface UsageRow {
  tokens_in: number;
  tokens_out: number;
  generations: number;
  credits: number;
  cost_usd: string;
  last_at: Date | null;
  credits_per_month: number;
  credits_used: number;
  credits_available: number;
}

// The usage table tells the day of the last text, and ids begin with the time of admission.
const usageSql = `with used as (
  select coalesce(sum(u.tokens_in), 0)::bigint as tokens_in, coalesce(sum(u.tokens_out), 0)::bigint as tokens_out,
    coalesce(sum(u.jobs), 0)::bigint as generations, coalesce(sum(u.credits), 0)::bigint as credits,
    coalesce(sum(u.cost_usd), 0)::numeric(14, 6) as cost_usd, max(u.day) as last_day,
    (lpad(to_hex(extract(epoch from (max(u.day) + 1)::timestamp at time zone 'UTC')::bigint * 1000), 12, '0') || repeat('0', 20))::uuid as end_id
  from public.usage_daily u
  join public.models m on m.provider = u.provider and m.name = u.model and m.type = 'text'
  where u.organization_id = $1 and u.day >= $2::date and u.day < $2::date + interval '1 month'
)
select used.tokens_in, used.tokens_out, used.generations, used.credits, used.cost_usd, last.completed_at as last_at,
  p.monthly_credits as credits_per_month, b.period_credits_used as credits_used, b.available as credits_available
from used
join public.credit_balances b on b.organization_id = $1
join public.plans p on p.id = $3
left join lateral (
  select j.completed_at from public.ai_jobs j
  where j.organization_id = $1 and j.type = 'text' and j.status = 'completed' and j.id < used.end_id
  order by j.id desc limit 1
) last on used.last_day is not null`;

export const getTokenUsage = endpoint({
  method: 'get',
  path: '/tokens/usage',
  tag: 'tokens',
  summary: 'What text models have used in a month, and what there is left to spend',
  access: 'jobs:read',
  query: tokenUsageQuery,
  responses: { 200: { description: 'The month.', body: tokenUsage } },
  async handle({ query, principal, deps }) {
    const month = query.month ?? new Date().toISOString().slice(0, 7);
    const values = [principal.organizationId, `${month}-01`, principal.planId];
    const { rows } = await deps.pool.query<UsageRow>(usageSql, values);
    const row = rows[0];
    if (row === undefined) throw new ApiError('not_found');
    return ok({
      object: 'token_usage' as const,
      month,
      tokens: { input: row.tokens_in, output: row.tokens_out },
      generations: row.generations,
      credits: row.credits,
      cost_usd: row.cost_usd,
      last_at: row.last_at?.toISOString() ?? null,
      limit: {
        credits_per_month: row.credits_per_month,
        credits_used: row.credits_used,
        credits_available: row.credits_available,
      },
    });
  },
});
