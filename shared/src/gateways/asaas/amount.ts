/** Largest amount in cents that one double holds to the cent, with room to add up. */
const centsMax = 1_000_000_000_000_00;

/**
 * Reads an amount in reais, written as decimal digits, as whole cents. The digits are moved, never calculated with.
 * @param text `19.9`, `19.90` or `1000`; more than two decimals only when the rest is zeros
 * @throws RangeError for anything else, an exponent and a negative amount among them
 */
export function parseAmountCents(text: string): number {
  const [, whole, decimals = ''] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || !/^\d{0,2}0*$/.test(decimals)) {
    throw new RangeError(`not an amount with at most two decimals: ${text.slice(0, 40)}`);
  }
  const cents = Number(whole + decimals.slice(0, 2).padEnd(2, '0'));
  if (cents > centsMax) throw new RangeError(`an amount beyond all bounds: ${text.slice(0, 40)}`);
  return cents;
}

/**
 * The JSON number for whole cents. The quotient is the double nearest to the decimal fraction, and JSON writes the
 * shortest digits that lead back to that double: these are the two decimals meant, for every amount below the bound.
 * @throws RangeError when the cents are not whole, negative or beyond all bounds
 */
export function toAmount(cents: number): number {
  if (!Number.isInteger(cents) || cents < 0 || cents > centsMax)
    throw new RangeError(`not an amount in cents: ${cents}`);
  return cents / 100;
}

type SourceReviver = (key: string, value: unknown, context: { source?: string }) => unknown;
// The library of types does not know yet that a reviver sees the source text.
const parseWithSource = JSON.parse as (text: string, reviver: SourceReviver) => unknown;

/**
 * Parses an answer or an event of Asaas. Amounts are JSON numbers there; those named `value` come out as the text that
 * was sent, so that they never pass through a double.
 * @throws SyntaxError when it is not JSON
 */
export function parseAsaasJson(text: string): unknown {
  return parseWithSource(text, (key, value, { source }) =>
    key === 'value' && typeof value === 'number' ? source : value,
  );
}
