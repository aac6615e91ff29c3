/** The value below which the given share (0 to 1) of the values lies. @throws RangeError when there is none */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (found === undefined) throw new RangeError('there is no percentile of nothing');
  return found;
}

/** The element whose figure is the middle one. @throws RangeError when there is none */
export function medianBy<T>(items: readonly T[], figureOf: (item: T) => number): T {
  const found = [...items].sort((a, b) => figureOf(a) - figureOf(b))[Math.floor((items.length - 1) / 2)];
  if (found === undefined) throw new RangeError('there is no median of nothing');
  return found;
}
