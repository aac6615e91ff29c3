import type { CreateJobBody } from '@base/shared/contracts/jobs';
import type { Measure, ModelContract } from '@base/shared/contracts/models/model-contract';
import type { Catalog, CatalogModel } from '@base/shared/credits/catalog';
import { type Price, type Quote, quote } from '@base/shared/credits/quote';
import { ApiError } from '@base/shared/errors/api-error';
import { invalidRequest, toProblems } from '../http/parse-input.ts';
import type { Principal } from '../http/principal.ts';

export interface PricedRequest {
  model: CatalogModel;
  contract: ModelContract;
  /** Valid for the model, with what the price depends on filled in. */
  input: Record<string, unknown>;
  measure: Measure;
  price: Price;
  quote: Quote;
}

/**
 * Everything about a request that needs no store: is there such a model, is the input right for it, does the plan allow
 * an output of that size, what does it cost.
 * @throws ApiError model_not_found, model_retired, invalid_request, plan_limit_reached, price_not_found
 */
export function priceRequest(
  body: Pick<CreateJobBody, 'model' | 'input'>,
  principal: Principal,
  catalog: Catalog,
): PricedRequest {
  const model = catalog.findModel(body.model, principal.organizationId);
  if (!model) {
    throw new ApiError('model_not_found', {
      detail: `There is no model ${JSON.stringify(body.model.slice(0, 100))}.${suggest(body.model, catalog.models(principal.organizationId))} GET /api/v1/models lists what there is.`,
      errors: [{ pointer: '/model', detail: 'is not the id of a model, which is provider/name' }],
    });
  }
  const { contract } = model;
  if (model.status === 'retired' || !contract) {
    throw new ApiError('model_retired', {
      detail: `${model.id} has been retired; use ${model.successor} instead.`,
      errors: [{ pointer: '/model', detail: `has been retired; use ${model.successor}` }],
      figures: { model: model.id, successor: model.successor },
    });
  }
  return priceInput(model, contract, body.input, principal);
}

/**
 * The same for a model that is known and may run.
 * @throws ApiError invalid_request, plan_limit_reached, price_not_found
 */
export function priceInput(
  model: CatalogModel,
  contract: ModelContract,
  unparsed: Record<string, unknown>,
  principal: Principal,
): PricedRequest {
  const parsed = contract.input.safeParse(unparsed);
  if (!parsed.success) throw invalidRequest(toProblems(parsed.error, '/input'));
  const { resolution_max: side } = principal.limits;
  const input = contract.complete(parsed.data, { resolutionMax: side === -1 ? Number.POSITIVE_INFINITY : side });
  const measure = contract.measure(input);
  checkSize(contract, measure, principal);
  const { price } = model;
  const quoted = price ? quote(price, measure) : undefined;
  if (!price || !quoted) {
    throw new ApiError('price_not_found', {
      detail: `There is no price for ${model.id} with these options, so it cannot run.`,
      figures: { model: model.id },
    });
  }
  return { model, contract, input, measure, price, quote: quoted };
}

/** What the plan says about one output; what it says about a month is known in Postgres only. */
function checkSize(contract: ModelContract, { resolution = 0, seconds = 0 }: Measure, principal: Principal): void {
  const { resolution_max: side, video_seconds_max: secondsMax } = principal.limits;
  if (side !== -1 && resolution > side) {
    throw new ApiError('plan_limit_reached', {
      detail: `The plan allows outputs of up to ${side}x${side} pixels; this request makes ${resolution}x${resolution} (or as many pixels in another shape). Ask for a smaller output or, where the model has none, use another model or plan.`,
      figures: { plan: principal.planId, limit_name: 'resolution_max', limit: side, requested: resolution },
    });
  }
  if (contract.type === 'video' && secondsMax !== -1 && seconds > secondsMax) {
    throw new ApiError('plan_limit_reached', {
      detail: `The plan allows videos of up to ${secondsMax} seconds; this request makes one of ${seconds}. Ask for a shorter one or, where the model has none, use another model or plan.`,
      figures: { plan: principal.planId, limit_name: 'video_seconds_max', limit: secondsMax, requested: seconds },
    });
  }
}

/** A model of that name at some provider, for those who left the provider out. */
function suggest(wanted: string, models: readonly CatalogModel[]): string {
  const name = wanted.split('/').at(-1);
  const found = models.find((model) => model.status === 'active' && model.name === name);
  return found ? ` Did you mean ${found.id}?` : '';
}
