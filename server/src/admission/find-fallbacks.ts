import type { Catalog } from '@base/shared/credits/catalog';
import type { Fallback } from '@base/shared/db/queries/reserve-jobs';
import { ApiError } from '@base/shared/errors/api-error';
import type { Principal } from '../http/principal.ts';
import { type PricedRequest, priceInput } from './price-request.ts';

/**
 * Where the job may go when its model cannot be had: the model's equals that are offered, can fill the same order within
 * the plan, and cost no more than was quoted; best first. Nobody pays more than the quote (docs/decisions/0016).
 */
export function findFallbacks(priced: PricedRequest, principal: Principal, catalog: Catalog): Fallback[] {
  return priced.contract.equals.flatMap((equal) => {
    const model = catalog.findModel(equal.id, principal.organizationId);
    if (model?.status !== 'active' || !model.contract) return [];
    const order = equal.translate(priced.input);
    if (order === null) return [];
    try {
      const { contract, input, price, quote } = priceInput(model, model.contract, order, principal);
      if (quote.credits > priced.quote.credits) return [];
      const { provider, name } = model;
      const { operation } = contract;
      return [{ provider, model: name, operation, input, credits: quote.credits, cost_usd: quote.costUsd, price }];
    } catch (error) {
      // What cannot be ordered there, at this size or at a known price, is no alternative.
      if (error instanceof ApiError) return [];
      throw error;
    }
  });
}
