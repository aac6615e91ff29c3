import type { PlanFeature } from '@base/shared/contracts/accounts';
import { ApiError } from '@base/shared/errors/api-error';
import type { Principal } from './principal.ts';

/** @throws ApiError feature_not_in_plan, naming both */
export function requireFeature(principal: Principal, feature: PlanFeature): void {
  if (principal.features.includes(feature)) return;
  throw new ApiError('feature_not_in_plan', {
    detail: `The plan "${principal.planId}" does not include ${feature}.`,
    figures: { feature, plan: principal.planId },
  });
}
