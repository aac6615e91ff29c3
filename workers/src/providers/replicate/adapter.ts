import { isDeepStrictEqual } from 'node:util';
import { parseProgressFromLogs } from 'replicate';
import { outputHostTest } from '../custom-host.ts';
import { isSuccess } from '../exchange.ts';
import { judgeFailedSubmit, judgeKey, readFreeAnswer, stoppedBeforeSending } from '../judge-exchange.ts';
import type {
  CheckKeyRequest,
  FindTasksRequest,
  KeyVerdict,
  PollRequest,
  PollResult,
  Provider,
  SubmitRequest,
  SubmitResult,
} from '../provider.ts';
import { createReplicateClient, type ReplicateClient } from './client.ts';
import { createdSchema, outputSchema, type Prediction, predictionPageSchema, predictionSchema } from './schemas.ts';
import { translateError, translateFailure } from './translate-error.ts';

interface ReplicateModel {
  /** As Replicate names it. */
  name: string;
  /** Models of the community are run by version; official ones by name. */
  version?: string;
}

const models: Readonly<Record<string, ReplicateModel>> = {
  'flux-schnell': { name: 'black-forest-labs/flux-schnell' },
  'flux-1.1-pro': { name: 'black-forest-labs/flux-1.1-pro' },
  sdxl: {
    name: 'stability-ai/sdxl',
    version: '7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc',
  },
  'kling-v2.1': { name: 'kwaivgi/kling-v2.1' },
  'hailuo-2.3': { name: 'minimax/hailuo-2.3' },
};

/** A prediction is stopped by Replicate itself once nobody waits for it any more, so that its cost is bounded. */
const cancelMarginSeconds = 300;
/** Replicate stops what has run for 30 minutes anyhow; the rest of this is waiting in its queue. */
const cancelSecondsMax = 7_200;
const pagesMax = 10;
/** By how much Replicate's clock may be behind ours. */
const clockSkewMs = 60_000;

export interface ReplicateOptions {
  apiKey: string;
  baseUrl: string;
  /** Where finished predictions are announced; without it they are only polled. */
  callbackUrl?: string;
  timeoutMs?: number;
}

/** Replicate: predictions are created, then polled. */
export function createReplicate({ apiKey, baseUrl, callbackUrl, timeoutMs = 30_000 }: ReplicateOptions): Provider {
  const client = createReplicateClient({ apiKey, baseUrl, timeoutMs });
  return {
    id: 'replicate',
    callsBack: callbackUrl !== undefined,
    submit: (request) => submit(client, request, callbackUrl),
    poll: (taskId, request) => poll(client, taskId, request),
    cancel: (taskId, request) => cancel(client, taskId, request),
    findTasks: (request) => findTasks(client, request),
    checkKey: (request) => checkKey(client, request),
    isOutputHost: outputHostTest(['replicate.delivery'], baseUrl),
  };
}

async function submit(
  client: ReplicateClient,
  request: SubmitRequest,
  callbackUrl: string | undefined,
): Promise<SubmitResult> {
  const model = models[request.model];
  if (!model) return { kind: 'rejected', failure: { code: 'model_gone', detail: `no model ${request.model} here` } };
  if (request.signal.aborted) return stoppedBeforeSending;
  const exchange = await client({
    method: 'POST',
    route: model.version ? '/predictions' : `/models/${model.name}/predictions`,
    headers: { 'Cancel-After': cancelAfter(request.secondsLeft) },
    data: {
      ...(model.version && { version: model.version }),
      input: request.input,
      ...(callbackUrl !== undefined && { webhook: callbackUrl, webhook_events_filter: ['completed'] }),
    },
    requestId: request.requestId,
    signal: request.signal,
  });
  const created = isSuccess(exchange) ? createdSchema.safeParse(exchange.body).data : undefined;
  return created ? { kind: 'accepted', taskId: created.id } : judgeFailedSubmit(exchange, translateError);
}

function cancelAfter(secondsLeft: number): string {
  return `${Math.min(Math.max(Math.ceil(secondsLeft), 0) + cancelMarginSeconds, cancelSecondsMax)}s`;
}

async function poll(client: ReplicateClient, taskId: string, request: PollRequest): Promise<PollResult> {
  const route = `/predictions/${encodeURIComponent(taskId)}`;
  const exchange = await client({ method: 'GET', route, requestId: request.requestId, signal: request.signal });
  const prediction = readFreeAnswer(exchange, predictionSchema);
  return prediction ? presentPrediction(prediction) : { kind: 'gone' };
}

function presentPrediction(prediction: Prediction): PollResult {
  const { status } = prediction;
  switch (status) {
    case 'starting':
    case 'processing':
      return { kind: 'running', progress: progressOf(prediction.logs) };
    case 'succeeded':
      return presentOutput(prediction);
    case 'failed': {
      const detail = typeof prediction.error === 'string' ? prediction.error : JSON.stringify(prediction.error ?? null);
      return { kind: 'failed', failure: { code: translateFailure(detail), detail: detail.slice(0, 500) } };
    }
    // Aborted is canceled before it started running.
    case 'canceled':
    case 'aborted':
      return { kind: 'canceled' };
    default:
      return status satisfies never;
  }
}

function presentOutput(prediction: Prediction): PollResult {
  if (prediction.data_removed) {
    // Replicate deletes outputs an hour after the end.
    return { kind: 'failed', failure: { code: 'output_unavailable', detail: 'the output was already removed' } };
  }
  const links = outputSchema.safeParse(prediction.output).data;
  if (!links) return { kind: 'failed', failure: { code: 'output_invalid', detail: 'succeeded without output links' } };
  return { kind: 'done', output: { files: links.map((url) => ({ kind: 'url', url })) } };
}

/** The percentage of the progress bar that a model prints into its logs, if it prints one. */
function progressOf(logs: string | null | undefined): number | null {
  const percentage = logs ? parseProgressFromLogs(logs)?.percentage : undefined;
  if (percentage === undefined || !Number.isFinite(percentage)) return null;
  return Math.round(Math.min(Math.max(percentage, 0), 1) * 100);
}

async function cancel(client: ReplicateClient, taskId: string, request: PollRequest): Promise<void> {
  const route = `/predictions/${encodeURIComponent(taskId)}/cancel`;
  // Best effort: whether it worked is what the next poll says.
  await client({ method: 'POST', route, requestId: request.requestId, signal: request.signal });
}

async function checkKey(client: ReplicateClient, { requestId, signal }: CheckKeyRequest): Promise<KeyVerdict> {
  return judgeKey(await client({ method: 'GET', route: '/account', requestId, signal }));
}

async function findTasks(client: ReplicateClient, request: FindTasksRequest): Promise<string[]> {
  const model = models[request.model];
  const since = new Date(request.submittedAfter.getTime() - clockSkewMs);
  const ids: string[] = [];
  let params: Record<string, string> | null = { created_after: since.toISOString() };
  for (let page = 0; page < pagesMax && params && model; page += 1) {
    const { requestId, signal } = request;
    const exchange = await client({ method: 'GET', route: '/predictions', params, requestId, signal });
    const answer = readFreeAnswer(exchange, predictionPageSchema);
    const recent = (answer?.results ?? []).filter((result) => result.created_at >= since);
    for (const { id, model: name, input } of recent) {
      if ((name ?? model.name) === model.name && isDeepStrictEqual(input, request.input)) ids.push(id);
    }
    // Newest first: an older one on the page means that the rest is older still. Only the link's parameters are used,
    // so that the key goes nowhere but to the configured address.
    const isEnd = !answer?.next || recent.length < answer.results.length;
    params = isEnd || !answer?.next ? null : Object.fromEntries(new URL(answer.next).searchParams);
  }
  return ids;
}
