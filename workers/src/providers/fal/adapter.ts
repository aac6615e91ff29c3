import { outputHostTest } from '../custom-host.ts';
import { type Exchange, isSuccess } from '../exchange.ts';
import type { JsonClient } from '../json-client.ts';
import { judgeFailedSubmit, judgeKey, readFreeAnswer, stoppedBeforeSending, unreachable } from '../judge-exchange.ts';
import type {
  CheckKeyRequest,
  KeyVerdict,
  PollRequest,
  PollResult,
  Provider,
  SubmitRequest,
  SubmitResult,
} from '../provider.ts';
import { createFalClient } from './client.ts';
import { createdSchema, resultSchema, statusSchema } from './schemas.ts';
import { translateError, translateFailure } from './translate-error.ts';

/** As fal names them. */
const endpoints: Readonly<Record<string, string>> = {
  'flux-schnell': 'fal-ai/flux/schnell',
  'flux-1.1-pro': 'fal-ai/flux-pro/v1.1',
  'kling-v2.1-standard': 'fal-ai/kling-video/v2.1/standard/image-to-video',
  'kling-v2.1-pro': 'fal-ai/kling-video/v2.1/pro/image-to-video',
};

/** The least that fal's own clients allow. */
const startSecondsMin = 2;

export interface FalOptions {
  apiKey: string;
  baseUrl: string;
  platformUrl: string;
  /** Where finished requests are announced; without it they are only polled. */
  callbackUrl?: string;
  timeoutMs?: number;
}

/**
 * fal: requests are queued, then polled. What went wrong with one is told by the call for its result. It has no list of
 * requests with their inputs, so that a lost one cannot be found again.
 */
export function createFal({ apiKey, baseUrl, platformUrl, callbackUrl, timeoutMs = 30_000 }: FalOptions): Provider {
  const { queue, platform } = createFalClient({ apiKey, baseUrl, platformUrl, timeoutMs });
  return {
    id: 'fal',
    callsBack: callbackUrl !== undefined,
    submit: (request) => submit(queue, request, callbackUrl),
    poll: (taskId, request) => poll(queue, taskId, request),
    cancel: (taskId, request) => cancel(queue, taskId, request),
    checkKey: (request) => checkKey(platform, request),
    // Files are at v3.fal.media, v3b.fal.media and the like: https://fal.ai/docs/documentation/model-apis/fal-cdn
    isOutputHost: outputHostTest(['fal.media'], baseUrl),
  };
}

async function submit(
  queue: JsonClient,
  request: SubmitRequest,
  callbackUrl: string | undefined,
): Promise<SubmitResult> {
  const endpoint = endpoints[request.model];
  if (!endpoint) return { kind: 'rejected', failure: { code: 'model_gone', detail: `no model ${request.model} here` } };
  if (request.signal.aborted) return stoppedBeforeSending;
  const startSeconds = Math.max(Math.floor(request.secondsLeft), startSecondsMin);
  const exchange = await queue({
    method: 'POST',
    path: `/${endpoint}`,
    ...(callbackUrl !== undefined && { params: { fal_webhook: callbackUrl } }),
    // Despite its name the time until the work begins: what has not begun when nobody waits any more is not begun.
    headers: { 'X-Fal-Request-Timeout': String(startSeconds) },
    data: request.input,
    requestId: request.requestId,
    signal: request.signal,
  });
  const created = isSuccess(exchange) ? createdSchema.safeParse(exchange.body).data : undefined;
  return created ? { kind: 'accepted', taskId: created.request_id } : judgeFailedSubmit(exchange, translateError);
}

async function poll(queue: JsonClient, taskId: string, request: PollRequest): Promise<PollResult> {
  const path = pathOf(taskId, request.model);
  if (path === null) return { kind: 'gone' };
  const { requestId, signal } = request;
  const asked = await queue({ method: 'GET', path: `${path}/status`, requestId, signal });
  const state = readFreeAnswer(asked, statusSchema);
  if (!state) return { kind: 'gone' };
  if (state.status !== 'COMPLETED') return { kind: 'running', progress: null };
  return presentResult(await queue({ method: 'GET', path, requestId, signal }));
}

/** @throws ProviderUnreachable when the answer is no verdict. */
function presentResult(exchange: Exchange): PollResult {
  if (exchange.kind !== 'answered') throw unreachable(exchange);
  const { status, body, excerpt: detail } = exchange;
  if (status === 404 || status === 410) return { kind: 'gone' };
  if (!isSuccess(exchange)) {
    const code = translateFailure(exchange);
    if (code === null) throw unreachable(exchange);
    return code === 'canceled' ? { kind: 'canceled' } : { kind: 'failed', failure: { code, detail } };
  }
  if (body === undefined) throw unreachable(exchange);
  const result = resultSchema.safeParse(body).data;
  if (!result) return { kind: 'failed', failure: { code: 'output_invalid', detail: 'completed without output links' } };
  if (result.urls.length === 0) {
    return { kind: 'failed', failure: { code: 'content_refused', detail: 'every picture was flagged' } };
  }
  return { kind: 'done', output: { files: result.urls.map((url) => ({ kind: 'url', url })) } };
}

async function cancel(queue: JsonClient, taskId: string, request: PollRequest): Promise<void> {
  const path = pathOf(taskId, request.model);
  if (path === null) return;
  // Best effort: whether it worked is what the next poll says.
  await queue({ method: 'PUT', path: `${path}/cancel`, requestId: request.requestId, signal: request.signal });
}

/** Where a request is asked about: by the endpoint's first two names only. */
function pathOf(taskId: string, model: string): string | null {
  const [owner, app] = endpoints[model]?.split('/') ?? [];
  return owner && app ? `/${owner}/${app}/requests/${encodeURIComponent(taskId)}` : null;
}

async function checkKey(platform: JsonClient, { requestId, signal }: CheckKeyRequest): Promise<KeyVerdict> {
  // Prices may be read for nothing, but not without a key.
  const params = { endpoint_id: 'fal-ai/flux/schnell' };
  return judgeKey(await platform({ method: 'GET', path: '/models/pricing', params, requestId, signal }));
}
