/**
 * Reads what a process says of itself on its metrics port.
 * @param metrics the text of `/metrics`
 * @param labels those that a sample must have
 * @returns the sum of the samples that fit; 0 when there is none.
 */
export function readMetric(metrics: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return metrics
    .split('\n')
    .filter((line) => /^[^{ ]+/.exec(line)?.[0] === name && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** @throws Error when the process does not answer. */
export async function fetchMetrics(metricsUrl: string): Promise<string> {
  const response = await fetch(`${metricsUrl}/metrics`, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${metricsUrl}/metrics answered ${response.status}`);
  return response.text();
}
