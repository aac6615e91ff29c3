import type { Measure } from '../contracts/models/model-contract.ts';

/** A row of the pricing table. USD as a decimal text, exact. */
export interface Price {
  credits: number;
  costUsd: string;
  unit: string;
  /** Factors by dimension; for `resolution` the key is the side in pixels of the largest square it covers. */
  multipliers: Record<string, Record<string, number>>;
}

export interface Quote {
  /** Whole credits, held at admission and never exceeded. */
  credits: number;
  /** What the provider will take, as we know its prices; six decimals. */
  costUsd: string;
  units: number;
}

/**
 * Prices a measured request: per unit, credits times each factor, rounded up to a whole credit; then times units.
 * @returns undefined when a dimension has no factor: no price, no call.
 */
export function quote(price: Price, measure: Measure): Quote | undefined {
  let factor = 1;
  for (const [dimension, factors] of Object.entries(price.multipliers)) {
    const found =
      dimension === 'resolution' ? resolutionFactor(factors, measure.resolution) : factors[measure.quality ?? ''];
    if (found === undefined) return undefined;
    factor *= found;
  }
  if (!(measure.units > 0)) return undefined;
  return {
    credits: roundUp(roundUp(price.credits * factor) * measure.units),
    costUsd: (Number(price.costUsd) * factor * measure.units).toFixed(6),
    units: measure.units,
  };
}

/**
 * What a job that made fewer units than it was admitted for costs: its share of the quote, rounded up.
 * @param made units made, at most `ordered`
 */
export function chargeFor(credits: number, made: number, ordered: number): number {
  return made >= ordered ? credits : roundUp((credits * made) / ordered);
}

/** Rounds up, forgiving the last bits of binary fractions (0.1 × 30 is 3, not 4). */
function roundUp(value: number): number {
  return Math.ceil(value - 1e-9);
}

function resolutionFactor(factors: Record<string, number>, resolution: number | undefined): number | undefined {
  if (resolution === undefined) return undefined;
  const sides = Object.keys(factors)
    .map(Number)
    .sort((a, b) => a - b);
  const side = sides.find((candidate) => candidate >= resolution);
  return side === undefined ? undefined : factors[String(side)];
}
