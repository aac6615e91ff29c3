import type { ReservationResult } from '@base/shared/db/queries/reserve-jobs';
import { ApiError } from '@base/shared/errors/api-error';
import { invalidRequest } from '../http/parse-input.ts';
import type { Principal } from '../http/principal.ts';

/** The answer to what reserve_jobs refused, with its figures. */
export function refuseReservation(result: ReservationResult, principal: Principal): Error {
  const figures = result.figures ?? {};
  switch (result.code) {
    case 'project_not_found':
      return invalidRequest([{ pointer: '/project_id', detail: 'is not a project of the organization' }]);
    case 'idempotency_key_reused':
      return new ApiError('idempotency_key_reused', {
        detail: 'This Idempotency-Key came with another request before. Use a new key for a new request.',
      });
    case 'organization_inactive':
      return new ApiError('organization_inactive');
    case 'feature_not_in_plan':
      return new ApiError('feature_not_in_plan', {
        detail: `The plan ${principal.planId} does not include ${figures.feature} generation.`,
        figures,
      });
    case 'provider_key_invalid':
      return new ApiError('provider_key_invalid', {
        detail: `${figures.provider} refuses the key that your organization has stored for it. Replace it, validate it again, or remove it to run on the platform’s key: /api/v1/provider-keys/${figures.provider}.`,
        figures,
      });
    case 'plan_limit_reached':
      return new ApiError('plan_limit_reached', { detail: describeMonthlyLimit(figures), figures });
    case 'queue_full':
      return new ApiError('queue_full', {
        detail: `${figures.waiting} jobs are waiting, which is all the plan allows. Try again when some have run.`,
        figures,
        retryAfterSeconds: 10,
      });
    case 'key_budget_reached':
      return new ApiError('key_budget_reached', {
        detail: `The job needs ${figures.required} credits; of the API key’s ${figures.budget} a month, ${figures.used} are used and ${figures.held} are held by running jobs.`,
        figures,
      });
    case 'credits_owed':
      return new ApiError('credits_owed', {
        detail: `${figures.owed} credits are owed, because a payment was refunded or disputed after they were spent. Credits that come in pay them first.`,
        figures,
      });
    case 'insufficient_credits':
      return new ApiError('insufficient_credits', {
        detail: `The job needs ${figures.required} credits; ${figures.available} are available.`,
        figures,
      });
    case 'credits_on_hold':
      return new ApiError('credits_on_hold', {
        detail: `The job needs ${figures.required} credits; ${figures.available} are available and ${figures.held} are on hold for running jobs, of which some may come back.`,
        figures,
        retryAfterSeconds: 5,
      });
    case 'admitted':
    case 'replayed':
      return new Error(`reserve_jobs answered ${result.code} without a job`);
  }
}

/** Sound is limited in minutes and ordered in seconds. */
function describeMonthlyLimit(figures: Record<string, unknown>): string {
  const more = figures.limit_name === 'audio_minutes_per_month' ? `${figures.requested} seconds` : figures.requested;
  return `The plan allows ${figures.limit} a month (${figures.limit_name}); ${figures.used} are used or running, ${more} more were asked for.`;
}
