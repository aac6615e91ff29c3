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

/** @throws RangeError when there is none */
export function average(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there is no average of nothing');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The slope of the line that fits these points best (least squares). @throws RangeError for fewer than two */
export function slope(points: readonly { x: number; y: number }[]): number {
  if (points.length < 2) throw new RangeError('a line needs two points');
  const [meanX, meanY] = [average(points.map(({ x }) => x)), average(points.map(({ y }) => y))];
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  return points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
}
