import type { BegunJob, Release, Settlement } from '@base/shared/db/queries/job-lifecycle';
import { createLogger } from '@base/shared/log/logger';
import { createMetrics } from '@base/shared/metrics/metrics';
import type { JobEnqueuer } from '@base/shared/queue/job-enqueuer';
import { describe, expect, it } from 'vitest';
import { OutputError } from '../outputs/output-error.ts';
import type { Provider } from '../providers/provider.ts';
import { createJobEnding } from './end-job.ts';
import type { JobStore } from './job-store.ts';
import { routesOf } from './route.ts';
import type { Step } from './step.ts';

const price = { credits: 4, ownKeyCredits: 0, costUsd: '0.04', unit: 'image', multipliers: {} };
const job = {
  id: 'job',
  organization_id: 'organization',
  lease_token: 'lease',
  type: 'image',
  provider: 'openai',
  model: 'gpt-image-2',
  input: { prompt: 'x', n: 1, size: '1024x1024', quality: 'medium' },
  key_source: 'platform',
  limit_units: 1,
  credits_held: 4,
  quoted_cost_usd: '0.04',
  price,
  fallbacks: [],
  attempts: 1,
  deadline_in_seconds: 600,
} as unknown as BegunJob; // what an end looks at

/** A job's end with a storage that fails so often. */
function endingWith(failures: number) {
  const settled: Settlement[] = [];
  const released: Release[] = [];
  let left = failures;
  const ended = { isDone: true, promoted: [] };
  const store = {
    async settle(item: Settlement) {
      settled.push(item);
      return ended;
    },
    async release(item: Release) {
      released.push(item);
      return ended;
    },
  } as unknown as JobStore; // the two that ends use
  const outputs = {
    ensureBucket: async () => {},
    async store() {
      left -= 1;
      if (left >= 0) throw new OutputError('storage_unavailable', 'storage: 503');
      return {
        path: 'p',
        thumbnailPath: null,
        contentType: 'image/png',
        width: 8,
        height: 8,
        durationSeconds: null,
        bytes: 9,
      };
    },
  };
  const enqueuer = { enqueue: async () => true } as unknown as JobEnqueuer; // nothing is let in here
  const metrics = createMetrics({ process: 'test', withDefaults: false });
  const ending = createJobEnding({ store, outputs, enqueuer, metrics, notify: () => {} });
  return { ending, settled, released };
}

const step: Step = {
  job,
  connect: () => null,
  signal: new AbortController().signal,
  log: createLogger({ level: 'silent', process: 'test' }),
};
const [route] = routesOf(job);
const provider = {} as Provider; // only handed on
const output = { files: [{ kind: 'bytes' as const, bytes: new Uint8Array([1]) }] };

describe('the end of a job whose storage is away', () => {
  it('waits with a result in hand that exists nowhere else', async () => {
    const { ending, settled, released } = endingWith(1);
    expect(await ending.complete(step, { route, provider }, output)).toEqual({ kind: 'over' });
    expect(settled).toMatchObject([{ id: 'job', credits: 4, limitUnits: 1 }]);
    expect(released).toEqual([]);
  });

  it('gives the slot back when the result can be fetched again', async () => {
    const { ending, settled, released } = endingWith(1);
    const result = await ending.complete(step, { route, provider }, output, { canFetchAgain: true });
    expect(result).toMatchObject({ kind: 'wait', progress: 95 });
    expect([...settled, ...released]).toEqual([]);
  });
});
