import { randomUUID } from 'node:crypto';
import { beginJobs, openAttempts, parkJobs, recordAttempts } from '@base/shared/db/queries/job-lifecycle';
import { reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import { v7 as uuidV7 } from 'uuid';
import type { TestTenant } from './make-tenant.ts';
import type { TestApi } from './start-api.ts';

export interface LiveJob {
  id: string;
  leaseToken: string;
  attemptId: string;
  taskId: string;
}

/**
 * A picture ordered at a provider that has accepted it, in the hands of the test for ten minutes: made by the functions of
 * the database in one transaction, so that no worker gets hold of it.
 */
export async function makeLiveJob(
  api: TestApi,
  tenant: TestTenant,
  options: { provider?: string; isParked?: boolean } = {},
): Promise<LiveJob> {
  const { provider = 'replicate', isParked = true } = options;
  const id = uuidV7();
  const order = { provider, model: 'flux-schnell', operation: 'generate', input: { prompt: 'a kite' } };
  const price = { credits: 1, ownKeyCredits: 0, costUsd: '0.003', unit: 'image', multipliers: {} };
  const whose = { organizationId: tenant.organizationId, userId: tenant.userId, apiKeyId: null, projectId: null };
  const client = await api.deps.pool.connect();
  try {
    await client.query('begin');
    await reserveJobs(client, [
      {
        ...{ id, ...whose, type: 'image', ...order, metadata: {}, credits: 1, ownKeyCredits: 0, costUsd: '0.003000' },
        ...{ limitUnits: 1, price, fallbacks: [], retryOf: null, idempotencyKey: null, requestHash: null },
        ...{ requestId: 'test', deadlineSeconds: 900 },
      },
    ]);
    const [begun] = await beginJobs(client, [{ id, leaseToken: null }], { worker: 'test', leaseSeconds: 600 });
    if (!begun) throw new Error('the job was not admitted');
    const leaseToken = begun.lease_token;
    const [attemptId, taskId] = [uuidV7(), `task-${randomUUID()}`];
    await openAttempts(client, [{ id, leaseToken, attemptId, provider, model: order.model }]);
    await recordAttempts(client, [{ attemptId, status: 'submitted', taskId }]);
    if (isParked) await parkJobs(client, [{ id, leaseToken, resumeSeconds: 600, progress: 10 }], 600);
    await client.query('commit');
    return { id, leaseToken, attemptId, taskId };
  } finally {
    client.release();
  }
}
