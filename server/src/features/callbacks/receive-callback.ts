import { findCallbackJob } from '@base/shared/db/queries/job-lifecycle';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import type { Deps } from '../../deps.ts';
import { endpoint, type Reply } from '../../http/endpoint.ts';
import { readEnvelope } from '../../http/read-envelope.ts';
import { createRawBodyReader } from '../../http/read-raw-body.ts';
import { findCallbackSource } from './callback-sources.ts';
import { readTaskId } from './read-task-id.ts';

/** Longer than any message stays young enough to be taken. */
const rememberedSeconds = 900;
// Providers put whole results into what they send; JSON's usual 1 MB would lose the good news and let the bad pass.
const readRawBody = createRawBodyReader(16 * 1024 * 1024);

export const receiveCallback = endpoint({
  method: 'post',
  path: '/callbacks/:provider',
  tag: 'callbacks',
  summary: 'Called by providers when something has become of a task',
  description:
    'Not for clients: whoever calls must sign as the provider does (Replicate and Freepik by Standard Webhooks, fal with ' +
    'Ed25519). Nothing is believed but the id of the task: its job is looked at at once, instead of at the next poll.',
  access: 'public',
  // Providers call for all organizations from few addresses, and whoever cannot sign gets no further than the signature.
  addressLimit: 'none',
  params: z.object({ provider: z.string().max(50) }),
  responses: { 200: { description: 'Taken; or there is nothing to do any more.' } },
  errors: ['invalid_signature', 'payload_too_large', 'unsupported_media_type', 'malformed_request', 'malformed_json'],
  async handle({ params, request, response, deps }) {
    const source = findCallbackSource(params.provider, deps.config);
    if (!source) throw new ApiError('not_found');
    const envelope = readEnvelope(request.headers, source.headerPrefix, source.idHeader);
    const body = await readRawBody(request, response);
    if (!(await source.isRight(envelope, body))) {
      throw new ApiError('invalid_signature', { detail: 'The signature does not belong to this body.' });
    }
    const taskId = readTaskId(body, source.taskIdField);
    const key = `${deps.config.QUEUE_PREFIX}:callback:${params.provider}:${envelope.id}`;
    if (!(await isNew(deps, key))) return taken;
    try {
      await lookAtJob(deps, params.provider, taskId);
    } catch (error) {
      // What could not be used now is welcome when it comes again.
      await deps.redis.del(key).catch(() => 0);
      throw error;
    }
    return taken;
  },
});

const taken: Reply<200, undefined> = { status: 200, body: undefined };

/** False when the message has come before. Without Redis all are new, which does no harm. */
async function isNew({ redis }: Deps, key: string): Promise<boolean> {
  try {
    return (await redis.set(key, '1', 'EX', rememberedSeconds, 'NX')) === 'OK';
  } catch {
    return true;
  }
}

/**
 * Has a worker look at the task's job now.
 * @throws ApiError not_found when nobody knows the task (yet), service_unavailable while a worker is at the job
 */
async function lookAtJob({ pool, enqueuer }: Deps, provider: string, taskId: string): Promise<void> {
  const found = await findCallbackJob(pool, provider, taskId);
  if (!found) throw new ApiError('not_found', { detail: 'There is no such task here.' });
  const { is_over: isOver, ...job } = found;
  if (isOver) return;
  if (job.lease_token === null) {
    throw new ApiError('service_unavailable', { detail: 'The task is being looked at.', retryAfterSeconds: 1 });
  }
  await enqueuer.enqueue([job]);
}
