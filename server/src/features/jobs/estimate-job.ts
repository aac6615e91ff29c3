import type { PlanLimits } from '@base/shared/contracts/accounts';
import { createJobBody, estimate } from '@base/shared/contracts/jobs';
import type { JobType } from '@base/shared/contracts/models/model-contract';
import type { KeySource } from '@base/shared/db/database.types';
import type { ErrorCode } from '@base/shared/errors/error-table';
import { limitUnits } from '../../admission/limit-units.ts';
import { type PricedRequest, priceRequest } from '../../admission/price-request.ts';
import type { Deps } from '../../deps.ts';
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
    const account = await readAccount(deps, principal.organizationId, priced.model.provider);
    const keySource: KeySource = account.own_key_id === null ? 'platform' : 'organization';
    const credits = keySource === 'platform' ? priced.quote.credits : priced.quote.ownKeyCredits;
    const reason = reasonAgainst(priced, credits, principal, account);
    return ok({
      model: priced.model.id,
      credits,
      cost_usd: priced.quote.costUsd,
      units: priced.quote.units,
      unit: priced.price.unit,
      tokens: priced.measure.tokens ?? null,
      key_source: keySource,
      input: priced.input,
      available: account.balance - account.held,
      may_run: reason === null,
      reason,
    });
  },
});

type Account = Awaited<ReturnType<typeof readAccount>>;

/** The account, with the organization's own key for the provider if it has one. */
async function readAccount(deps: Deps, organizationId: string, provider: string) {
  return deps.db
    .selectFrom('credit_balances as b')
    .leftJoin('provider_api_keys as k', (join) =>
      join.onRef('k.organization_id', '=', 'b.organization_id').on('k.provider', '=', provider),
    )
    .select(['b.balance', 'b.held', 'b.debt', 'b.active_jobs', 'b.waiting_jobs'])
    .select(['b.period_images', 'b.period_videos', 'b.period_audio_seconds'])
    .select(['k.id as own_key_id', 'k.is_valid as own_key_valid'])
    .where('b.organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
}

/** What POST /jobs would answer at this moment, in the order of reserve_jobs, which alone decides. */
function reasonAgainst(
  { contract, measure }: PricedRequest,
  credits: number,
  principal: Principal,
  account: Account,
): ErrorCode | null {
  const { limits, features } = principal;
  // Text is part of every plan; it is only paid for.
  if (contract.type !== 'text' && !features.includes(contract.type)) return 'feature_not_in_plan';
  if (account.own_key_valid === false) return 'provider_key_invalid';
  const { limit, used } = monthlyUse(contract.type, limitUnits(contract.type, measure), limits, account);
  if (isOver(limit, used)) return 'plan_limit_reached';
  const mustWait = limits.concurrent_jobs !== -1 && account.active_jobs >= limits.concurrent_jobs;
  if (mustWait && isOver(limits.waiting_jobs, account.waiting_jobs + 1)) return 'queue_full';
  if (account.debt > 0) return 'credits_owed';
  if (credits <= account.balance - account.held) return null;
  return credits <= account.balance ? 'credits_on_hold' : 'insufficient_credits';
}

/** The plan's limit by the month, and what would be used of it with these units more. */
function monthlyUse(
  type: JobType,
  units: number,
  limits: PlanLimits,
  account: Account,
): { limit: number; used: number } {
  switch (type) {
    case 'image':
      return { limit: limits.images_per_month, used: account.period_images + units };
    case 'video':
      return { limit: limits.videos_per_month, used: account.period_videos + units };
    case 'audio':
      return {
        limit: limits.audio_minutes_per_month,
        used: Math.ceil((account.period_audio_seconds + units) / 60),
      };
    case 'text':
      return { limit: -1, used: 0 };
  }
}

/** −1 is unlimited. */
function isOver(limit: number, value: number): boolean {
  return limit !== -1 && value > limit;
}
