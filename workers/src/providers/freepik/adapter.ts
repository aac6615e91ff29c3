import { outputHostTest } from '../custom-host.ts';
import { isSuccess } from '../exchange.ts';
import type { JsonClient } from '../json-client.ts';
import { judgeFailedSubmit, judgeKey, readFreeAnswer, stoppedBeforeSending } from '../judge-exchange.ts';
import type {
  CheckKeyRequest,
  KeyVerdict,
  PollRequest,
  PollResult,
  Provider,
  SubmitRequest,
  SubmitResult,
} from '../provider.ts';
import { createFreepikClient } from './client.ts';
import { createdSchema, type Task, taskSchema } from './schemas.ts';
import { translateError } from './translate-error.ts';

interface FreepikModel {
  createPath: string;
  /** Before `/{task-id}`; some models are polled at another path than they are created at. */
  statusPath: string;
}

const klingStatusPath = '/v1/ai/image-to-video/kling-v2-1';
const models: Readonly<Record<string, FreepikModel>> = {
  mystic: atOnePath('/v1/ai/mystic'),
  'flux-pro-v1-1': atOnePath('/v1/ai/text-to-image/flux-pro-v1-1'),
  'image-upscaler': atOnePath('/v1/ai/image-upscaler'),
  'kling-v2-1-pro': { createPath: '/v1/ai/image-to-video/kling-v2-1-pro', statusPath: klingStatusPath },
  'kling-v2-1-std': { createPath: '/v1/ai/image-to-video/kling-v2-1-std', statusPath: klingStatusPath },
  'minimax-hailuo-02-768p': atOnePath('/v1/ai/image-to-video/minimax-hailuo-02-768p'),
  'minimax-hailuo-02-1080p': atOnePath('/v1/ai/image-to-video/minimax-hailuo-02-1080p'),
};

/** Where Magnific, formerly Freepik, keeps what it generates. */
const deliveryDomains = ['freepik.com', 'magnific.com', 'cdnpk.net'];

export interface FreepikOptions {
  apiKey: string;
  baseUrl: string;
  keyHeader: string;
  /** Where tasks are announced; without it they are only polled. */
  callbackUrl?: string;
  timeoutMs?: number;
}

/**
 * Magnific, formerly Freepik: tasks are created, then polled. It publishes no way to cancel, and its list of tasks does
 * not show inputs, so that a lost task cannot be found again.
 */
export function createFreepik(options: FreepikOptions): Provider {
  const { apiKey, baseUrl, keyHeader, callbackUrl, timeoutMs = 30_000 } = options;
  const client = createFreepikClient({ apiKey, baseUrl, keyHeader, timeoutMs });
  return {
    id: 'freepik',
    callsBack: callbackUrl !== undefined,
    submit: (request) => submit(client, request, callbackUrl),
    poll: (taskId, request) => poll(client, taskId, request),
    checkKey: (request) => checkKey(client, request),
    isOutputHost: outputHostTest(deliveryDomains, baseUrl),
  };
}

async function submit(
  client: JsonClient,
  request: SubmitRequest,
  callbackUrl: string | undefined,
): Promise<SubmitResult> {
  const model = models[request.model];
  if (!model) return { kind: 'rejected', failure: { code: 'model_gone', detail: `no model ${request.model} here` } };
  if (request.signal.aborted) return stoppedBeforeSending;
  const { requestId, signal } = request;
  const data = { ...request.input, ...(callbackUrl !== undefined && { webhook_url: callbackUrl }) };
  const exchange = await client({ method: 'POST', path: model.createPath, data, requestId, signal });
  const created = isSuccess(exchange) ? createdSchema.safeParse(exchange.body).data : undefined;
  return created ? { kind: 'accepted', taskId: created.data.task_id } : judgeFailedSubmit(exchange, translateError);
}

async function poll(client: JsonClient, taskId: string, request: PollRequest): Promise<PollResult> {
  const model = models[request.model];
  if (!model) return { kind: 'gone' };
  const path = `${model.statusPath}/${encodeURIComponent(taskId)}`;
  const exchange = await client({ method: 'GET', path, requestId: request.requestId, signal: request.signal });
  const answer = readFreeAnswer(exchange, taskSchema);
  return answer ? presentTask(answer.data) : { kind: 'gone' };
}

function presentTask(task: Task): PollResult {
  const isRefused = task.has_nsfw?.some(Boolean) ?? false;
  const { status } = task;
  switch (status) {
    case 'CREATED':
    case 'IN_PROGRESS':
      return { kind: 'running', progress: null };
    case 'COMPLETED': {
      const links = task.generated ?? [];
      if (links.length > 0) return { kind: 'done', output: { files: links.map((url) => ({ kind: 'url', url })) } };
      const code = isRefused ? 'content_refused' : 'output_invalid';
      return { kind: 'failed', failure: { code, detail: 'completed without output links' } };
    }
    case 'FAILED': {
      const code = isRefused ? 'content_refused' : 'provider_failed';
      return { kind: 'failed', failure: { code, detail: 'FAILED; the provider gives no reason' } };
    }
    case 'CANCELLED':
      return { kind: 'canceled' };
    default:
      return status satisfies never;
  }
}

async function checkKey(client: JsonClient, { requestId, signal }: CheckKeyRequest): Promise<KeyVerdict> {
  // Reading is free, and this is a call that documents what a refused key gets.
  const path = '/v1/creations/recent';
  return judgeKey(await client({ method: 'GET', path, params: { per_page: '1' }, requestId, signal }));
}

function atOnePath(path: string): FreepikModel {
  return { createPath: path, statusPath: path };
}
