import { myCredits } from '@base/shared/contracts/credits';
import { ApiError } from '@base/shared/errors/api-error';
import { endpoint, ok } from '../../http/endpoint.ts';

export const getMyCredits = endpoint({
  method: 'get',
  path: '/me/credits',
  tag: 'me',
  summary: 'Credits for the page’s corner: what can be spent, and what the plan gives per month',
  access: 'credits:read',
  responses: { 200: { description: 'The figures.', body: myCredits } },
  async handle({ deps, principal }) {
    const row = await deps.db
      .selectFrom('credit_balances as b')
      .innerJoin('organizations as o', 'o.id', 'b.organization_id')
      .innerJoin('plans as p', 'p.id', 'o.plan_id')
      .where('b.organization_id', '=', principal.organizationId)
      .select(['b.available', 'p.monthly_credits', 'p.id as plan'])
      .executeTakeFirst();
    if (row === undefined) throw new ApiError('not_found');
    return ok({ current: row.available ?? 0, maximum: row.monthly_credits, plan: row.plan });
  },
});
