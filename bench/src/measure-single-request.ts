import type { BenchContext } from './bench-context.ts';
import { loadApi } from './load-api.ts';
import { type ApiProcesses, settleDown } from './measure-admission.ts';
import { apiModes } from './process-modes.ts';
import type { Section } from './section.ts';

/** What one caller alone waits for: batching must not cost the idle system anything. */
export async function measureSingleRequest(bench: BenchContext, apis: ApiProcesses): Promise<Section> {
  const { plan, accounts } = bench;
  const keys = accounts.many.map((account) => account.key);
  const rows = [];
  for (const mode of apiModes) {
    bench.say(`one request at a time: ${mode}`);
    const load = await loadApi({ url: apis[mode].url, keys, connections: 1, amount: plan.singleRequest });
    await settleDown(bench);
    rows.push({ mode, p50_ms: load.p50Ms, p99_ms: load.p99Ms, requests_per_second: load.requestsPerSecond });
  }
  return {
    id: 'single_request',
    title: 'One request at a time: 1 connection',
    columns: [
      { key: 'mode', label: 'mode' },
      { key: 'p50_ms', label: 'p50 ms', digits: 2 },
      { key: 'p99_ms', label: 'p99 ms', digits: 2 },
      { key: 'requests_per_second', label: 'req/s', digits: 0 },
    ],
    rows,
    notes: [],
  };
}
