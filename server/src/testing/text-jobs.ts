import {
  beginJobs,
  type LifecycleRow,
  openAttempts,
  releaseJobs,
  settleJobs,
} from '@base/shared/db/queries/job-lifecycle';
import { type Reservation, reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import { sendNotices } from '@base/shared/queue/notices';
import { v7 as uuidV7 } from 'uuid';
import type { TestTenant } from './make-tenant.ts';
import type { TestApi } from './start-api.ts';

export interface TakenJob {
  id: string;
  leaseToken: string;
}

export interface WrittenText {
  text: string;
  finishReason?: string;
  tokensIn?: number;
  tokensOut?: number;
  credits?: number;
  costUsd?: string;
}

/** A text job of the tenant that no worker touches: it is taken in the transaction that admits it. */
export async function takeTextJob(
  api: TestApi,
  tenant: TestTenant,
  options: { model?: string; input?: Record<string, unknown> } = {},
): Promise<TakenJob> {
  const [provider = '', model = ''] = (options.model ?? 'openai/gpt-6-luna').split('/');
  const price = {
    credits: 1,
    ownKeyCredits: 0,
    costUsd: '0.001',
    unit: '1k_tokens',
    multipliers: { token: { input: 1, output: 1 } },
  };
  const reservation: Reservation = {
    id: uuidV7(),
    organizationId: tenant.organizationId,
    userId: tenant.userId,
    apiKeyId: null,
    projectId: null,
    type: 'text',
    provider,
    model,
    operation: 'generate',
    input: options.input ?? { messages: [{ role: 'user', content: 'a kite' }] },
    metadata: {},
    credits: 10,
    ownKeyCredits: 0,
    costUsd: '0.010000',
    limitUnits: 0,
    price,
    fallbacks: [],
    retryOf: null,
    idempotencyKey: null,
    requestHash: null,
    requestId: 'test',
    deadlineSeconds: 600,
  };
  return inTransaction(api, async (client) => {
    const [result] = await reserveJobs(client, [reservation]);
    if (result?.status !== 'queued') throw new Error(`not admitted: ${JSON.stringify(result)}`);
    return takeJob(client, reservation.id);
  });
}

/** Takes a job that waits in its queue, before or after a worker looks at the message: then it finds nothing to do. */
export async function takeJob(db: Parameters<typeof beginJobs>[0], id: string): Promise<TakenJob> {
  const [begun] = await beginJobs(db, [{ id, leaseToken: null }], { worker: 'test', leaseSeconds: 600 });
  if (!begun) throw new Error(`job ${id} could not be taken`);
  return { id, leaseToken: begun.lease_token };
}

/** Ends a taken job with a text. */
export async function completeTextJob(api: TestApi, job: TakenJob, written: WrittenText): Promise<void> {
  const { pool } = api.deps;
  await openAttempts(pool, [{ ...job, attemptId: uuidV7(), provider: 'openai', model: 'gpt-6-luna' }]);
  const ended = await settleJobs(pool, [
    {
      ...job,
      credits: written.credits ?? 1,
      costUsd: written.costUsd ?? '0.001000',
      limitUnits: 0,
      tokensIn: written.tokensIn ?? 10,
      tokensOut: written.tokensOut ?? 5,
      output: { text: written.text, finish_reason: written.finishReason ?? 'stop' },
      generations: [],
    },
  ]);
  if (!ended.some((row) => row.kind === 'settled')) throw new Error(`job ${job.id} was not settled`);
  tell(api, ended);
}

/** Ends a taken job without a result. */
export async function failTextJob(api: TestApi, job: TakenJob): Promise<void> {
  tell(api, await releaseJobs(api.deps.pool, [{ ...job, status: 'failed', errorCode: 'provider_failed' }]));
}

/** Tells listeners, as workers do. */
function tell(api: TestApi, ended: LifecycleRow[]): void {
  const notices = ended.map(({ organization_id, job_id, kind }) => ({
    organizationId: organization_id,
    notice: { job_id, status: kind },
  }));
  sendNotices(api.deps.redis, api.deps.config.QUEUE_PREFIX, notices);
}

async function inTransaction<T>(
  api: TestApi,
  work: (client: Parameters<typeof beginJobs>[0]) => Promise<T>,
): Promise<T> {
  const client = await api.deps.pool.connect();
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}
