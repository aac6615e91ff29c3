import type * as z from 'zod';

/** What a plan allows, as far as a model's defaults depend on it. */
export interface OutputLimits {
  /** Side in pixels of the largest square the plan allows; Infinity when unlimited. */
  resolutionMax: number;
}

/** What an input will make, in the units that prices and plan limits count. */
export interface Measure {
  /** Number of images, seconds or minutes, in the unit of the model's price, at most; 0 where tokens are counted. */
  units: number;
  /** Side in pixels of the square that has as many pixels as one output. */
  resolution?: number;
  /** The provider's quality step, where its price depends on it. */
  quality?: string;
  /** Length of one video or sound in seconds, at most. */
  seconds?: number;
  /** What a text model reads, and writes at most. */
  tokens?: { input: number; output: number };
}

/** A model that makes the same kind of thing, and the same order in its terms; null when it cannot fill it. */
export interface EqualModel {
  /** `provider/name` */
  id: string;
  translate(input: Record<string, unknown>): Record<string, unknown> | null;
}

export type JobType = 'image' | 'video' | 'audio' | 'text';

/**
 * A model as BASE offers it. The schema is the provider's documented input, so it doubles as the job's input schema;
 * what the caller leaves open and the price depends on is filled in by `complete`, so that a price is always known.
 */
export interface ModelContract {
  /** `provider/name`, as clients write it. */
  id: string;
  provider: string;
  name: string;
  aliases: readonly string[];
  title: string;
  description: string;
  type: JobType;
  /** The row of the pricing table that applies. */
  operation: string;
  input: z.ZodType<Record<string, unknown>>;
  /** Fills open fields with the provider's default or the best that the plan allows. */
  complete(input: Record<string, unknown>, limits: OutputLimits): Record<string, unknown>;
  /** Measures a completed input. */
  measure(input: Record<string, unknown>): Measure;
  /** Where a job may go instead when this model cannot be had, best first. */
  equals: readonly EqualModel[];
}

/** Ties schema and functions of one model together, so that they share the schema's type. */
export function defineModel<T extends Record<string, unknown>>(model: {
  provider: string;
  name: string;
  aliases?: readonly string[];
  title: string;
  description: string;
  type: JobType;
  input: z.ZodType<T>;
  complete?: (input: T, limits: OutputLimits) => T;
  measure: (input: T) => Measure;
  equals?: readonly { id: string; translate: (input: T) => Record<string, unknown> | null }[];
}): ModelContract {
  const complete = model.complete ?? ((input: T) => input);
  return {
    id: `${model.provider}/${model.name}`,
    provider: model.provider,
    name: model.name,
    aliases: (model.aliases ?? []).map((alias) => `${model.provider}/${alias}`),
    title: model.title,
    description: model.description,
    type: model.type,
    operation: 'generate',
    input: model.input,
    // The caller has parsed the input with this model's own schema, so it has the schema's type.
    complete: (input, limits) => complete(input as T, limits),
    measure: (input) => model.measure(input as T), // same reason
    equals: (model.equals ?? []).map(({ id, translate }) => ({ id, translate: (input) => translate(input as T) })), // same reason
  };
}

/** Side of the square with the same number of pixels, rounded up. */
export function squareSide(width: number, height: number): number {
  return Math.ceil(Math.sqrt(width * height));
}
