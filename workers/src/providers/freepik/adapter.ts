import { outputHostTest } from '../custom-host.ts';
import { isSuccess } from '../exchange.ts';
import { judgeFailedSubmit, readFreeAnswer, stoppedBeforeSending } from '../judge-exchange.ts';
import type { PollRequest, PollResult, Provider, SubmitRequest, SubmitResult } from '../provider.ts';
import { createFreepikClient, type FreepikClient } from './client.ts';
import { createdSchema, type Task, taskSchema } from './schemas.ts';
import { translateError } from './translate-error.ts';

interface FreepikModel {
  createPath: string;
  /** Before `/{task-id}`; some models are polled at another path than they are created at. */
  statusPath: string;
}

const models: Readonly<Record<string, FreepikModel>> = {
  mystic: { createPath: '/v1/ai/mystic', statusPath: '/v1/ai/mystic' },
};

/** Where Magnific, formerly Freepik, keeps what it generates. */
const deliveryDomains = ['freepik.com', 'magnific.com', 'cdnpk.net'];

export interface FreepikOptions {
  apiKey: string;
  baseUrl: string;
  keyHeader: string;
  timeoutMs?: number;
}

/**
 * Magnific, formerly Freepik: tasks are created, then polled. It publishes no way to cancel, and its list of tasks does
 * not show inputs, so that a lost task cannot be found again.
 */
export function createFreepik({ apiKey, baseUrl, keyHeader, timeoutMs = 30_000 }: FreepikOptions): Provider {
  const client = createFreepikClient({ apiKey, baseUrl, keyHeader, timeoutMs });
  return {
    id: 'freepik',
    submit: (request) => submit(client, request),
    poll: (taskId, request) => poll(client, taskId, request),
    isOutputHost: outputHostTest(deliveryDomains, baseUrl),
  };
}

async function submit(client: FreepikClient, request: SubmitRequest): Promise<SubmitResult> {
  const model = models[request.model];
  if (!model) return { kind: 'rejected', failure: { code: 'model_gone', detail: `no model ${request.model} here` } };
  if (request.signal.aborted) return stoppedBeforeSending;
  const { requestId, signal } = request;
  const exchange = await client({ method: 'POST', path: model.createPath, data: request.input, requestId, signal });
  const created = isSuccess(exchange) ? createdSchema.safeParse(exchange.body).data : undefined;
  return created ? { kind: 'accepted', taskId: created.data.task_id } : judgeFailedSubmit(exchange, translateError);
}

async function poll(client: FreepikClient, taskId: string, request: PollRequest): Promise<PollResult> {
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
