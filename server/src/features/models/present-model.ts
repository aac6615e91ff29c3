import type { model } from '@base/shared/contracts/models';
import type { ModelContract } from '@base/shared/contracts/models/model-contract';
import type { CatalogModel } from '@base/shared/credits/catalog';
import * as z from 'zod';

type JsonSchema = Record<string, unknown>;

// Contracts are part of the build, so their schemas are made once.
const schemas = new WeakMap<ModelContract, JsonSchema>();

/** A model on the wire; one that this build no longer runs is listed for its successor only. */
export function presentModel(found: CatalogModel): z.input<typeof model> {
  const { contract, price } = found;
  return {
    id: found.id,
    object: 'model',
    provider: found.provider,
    name: found.name,
    aliases: [...(contract?.aliases ?? [])],
    title: contract?.title ?? found.name,
    description: contract?.description ?? `Retired; use ${found.successor ?? 'another model'}.`,
    type: found.type,
    status: found.status,
    successor: found.successor,
    price:
      price === null || found.status === 'retired'
        ? null
        : {
            credits: price.credits,
            own_key_credits: price.ownKeyCredits,
            cost_usd: price.costUsd,
            unit: price.unit,
            multipliers: price.multipliers,
          },
    input_schema: contract === null || found.status === 'retired' ? null : inputSchemaOf(contract),
  };
}

function inputSchemaOf(contract: ModelContract): JsonSchema {
  let schema = schemas.get(contract);
  if (schema === undefined) {
    schema = { ...z.toJSONSchema(contract.input, { io: 'input', unrepresentable: 'any' }) };
    schemas.set(contract, schema);
  }
  return schema;
}
