import type { Measure } from '../contracts/models/model-contract.ts';

/** A row of the pricing table. USD as a decimal text, exact. */
export interface Price {
  credits: number;
  /** What a job with the organization's own provider key pays instead, per unit. */
  ownKeyCredits: number;
  costUsd: string;
  unit: string;
  /**
   * Factors by dimension; for `resolution` the key is the side in pixels of the largest square it covers, for `token`
   * (unit 1k_tokens) what a token read (`input`) and written (`output`) weighs.
   */
  multipliers: Record<string, Record<string, number>>;
}

export interface Quote {
  /** Whole credits, held at admission and never exceeded. */
  credits: number;
  /** The same for a job with the organization's own provider key. */
  ownKeyCredits: number;
  /** What the provider will take, as we know its prices; six decimals. */
  costUsd: string;
  units: number;
}

/**
 * Prices a measured request: per unit, credits times each factor, rounded up to a whole credit; then times units. Tokens
 * are summed up in thousands by their weights first, and rounded up once.
 * @returns undefined when a dimension has no factor: no price, no call.
 */
export function quote(price: Price, measure: Measure): Quote | undefined {
  const units = price.unit === '1k_tokens' ? weighTokens(price, measure.tokens) : measure.units;
  if (units === undefined || !(units > 0)) return undefined;
  let factor = 1;
  for (const [dimension, factors] of Object.entries(price.multipliers)) {
    if (dimension === 'token') continue;
    const found =
      dimension === 'resolution' ? resolutionFactor(factors, measure.resolution) : factors[measure.quality ?? ''];
    if (found === undefined) return undefined;
    factor *= found;
  }
  const total = (credits: number) =>
    price.unit === '1k_tokens' ? roundUp(credits * factor * units) : roundUp(roundUp(credits * factor) * units);
  return {
    credits: total(price.credits),
    ownKeyCredits: total(price.ownKeyCredits),
    costUsd: (Number(price.costUsd) * factor * units).toFixed(6),
    units,
  };
}

/** Thousands of weighted tokens; undefined when a kind of token has no weight. */
function weighTokens(price: Price, tokens: Measure['tokens']): number | undefined {
  const weights = price.multipliers.token;
  if (!tokens || weights?.input === undefined || weights.output === undefined) return undefined;
  return (tokens.input * weights.input + tokens.output * weights.output) / 1000;
}

/** Rounds up, forgiving the last bits of binary fractions (0.1 × 30 is 3, not 4). */
function roundUp(value: number): number {
  return Math.max(0, Math.ceil(value - 1e-9));
}

function resolutionFactor(factors: Record<string, number>, resolution: number | undefined): number | undefined {
  if (resolution === undefined) return undefined;
  const sides = Object.keys(factors)
    .map(Number)
    .sort((a, b) => a - b);
  const side = sides.find((candidate) => candidate >= resolution);
  return side === undefined ? undefined : factors[String(side)];
}
