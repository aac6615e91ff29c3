import { createJobBody, estimate } from '@base/shared/contracts/jobs';
import type { ErrorCode } from '@base/shared/errors/error-table';
import { type PricedRequest, priceRequest } from '../../admission/price-request.ts';
import { endpoint, ok } from '../../http/endpoint.ts';
import type { Principal } from '../../http/principal.ts';

export const estimateJob = endpoint({
  method: 'post',
  path: '/jobs/estimate',
  tag: 'jobs',
  summary: 'Tell what a job would cost and whether it may run, without running it',
  access: 'jobs:read',
  body: createJobBody.pick({ model: true, input: true }),
  responses: { 200: { description: 'The quote at today’s prices.', body: estimate } },
  errors: ['model_not_found', 'model_retired', 'price_not_found', 'plan_limit_reached'],
  async handle({ body, principal, deps }) {
    const priced = priceRequest(body, principal, deps.catalog);
    const account = await deps.db
      .selectFrom('credit_balances')
      .select(['balance', 'held', 'period_images'])
      .where('organization_id', '=', principal.organizationId)
      .executeTakeFirstOrThrow();
    const reason = reasonAgainst(priced, principal, account);
    return ok({
      model: priced.model.id,
      credits: priced.quote.credits,
      cost_usd: priced.quote.costUsd,
      units: priced.quote.units,
      unit: priced.price.unit,
      input: priced.input,
      available: account.balance - account.held,
      may_run: reason === null,
      reason,
    });
  },
});

/** What POST /jobs would answer at this moment; only reserve_jobs decides. */
function reasonAgainst(
  priced: PricedRequest,
  principal: Principal,
  account: { balance: number; held: number; period_images: number },
): ErrorCode | null {
  if (!principal.features.includes(priced.contract.type)) return 'feature_not_in_plan';
  const images = principal.limits.images_per_month;
  if (priced.contract.type === 'image' && images !== -1 && account.period_images + priced.measure.units > images) {
    return 'plan_limit_reached';
  }
  if (priced.quote.credits <= account.balance - account.held) return null;
  return priced.quote.credits <= account.balance ? 'credits_on_hold' : 'insufficient_credits';
}
