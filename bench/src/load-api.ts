import autocannon, { type Client, type Request, type Result } from 'autocannon';
import type { LoadAmount } from './bench-plan.ts';
import { percentile } from './statistics.ts';

export interface LoadOptions {
  url: string;
  /** API keys; every connection gets its own share of them, so that all of them are used evenly. */
  keys: readonly string[];
  connections: number;
  amount: LoadAmount;
}

export interface LoadResult {
  answered: number;
  /** Answers by status code. */
  statuses: Record<string, number>;
  /** Connections broken and answers that did not come. */
  failures: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  elapsedMs: number;
}

const body = JSON.stringify({
  model: 'replicate/flux-schnell',
  input: { prompt: 'A lighthouse at dusk, seen from the sea, in watercolours' },
  metadata: { source: 'bench' },
});

/** Orders jobs as fast as the connections allow, each waiting for its answer (closed loop). */
export async function loadApi(options: LoadOptions): Promise<LoadResult> {
  const { keys, connections } = options;
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  let clients = 0;
  let firstAt = 0;
  let lastAt = 0;
  const setupClient = (client: Client): void => {
    const first = clients++ % keys.length;
    const own = keys.filter((_, index) => index % connections === first % connections);
    client.setRequests((own.length > 0 ? own : keys.slice(first, first + 1)).map(orderWith));
  };
  const startedAt = performance.now();
  const result = await new Promise<Result>((resolve, reject) => {
    const run = autocannon(
      {
        url: options.url,
        connections,
        ...('requests' in options.amount ? { amount: options.amount.requests } : { duration: options.amount.seconds }),
        sampleInt: 100,
        timeout: 60,
        setupClient,
      },
      (error, outcome) => (error ? reject(error) : resolve(outcome)),
    );
    run.on('response', (_client, statusCode, _bytes, responseTimeMs) => {
      lastAt = performance.now();
      if (firstAt === 0) firstAt = lastAt;
      latencies.push(responseTimeMs);
      statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
    });
  });
  if (latencies.length < 2) throw new Error(`the API answered ${latencies.length} requests`);
  return {
    answered: latencies.length,
    statuses,
    failures: result.errors + result.timeouts,
    requestsPerSecond: (latencies.length - 1) / ((lastAt - firstAt) / 1000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    elapsedMs: performance.now() - startedAt,
  };
}

function orderWith(key: string): Request {
  return {
    method: 'POST',
    path: '/api/v1/jobs',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body,
  };
}
