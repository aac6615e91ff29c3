import type { Request } from 'express';
import { contentTypes, outputPath } from '../../deliver-output.ts';
import { progressLines } from '../../media/progress-bar.ts';
import { shownSize } from '../../picture-studio.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import { type Task, type TaskState, taskState } from '../../task.ts';
import { sandboxOrigin } from '../provider.ts';
import { detail, modelError, requestError } from './replies.ts';

/** What an app is asked for by: the first two names of the endpoint. */
export function appOf(task: Task): string {
  return task.variant.split('/', 2).join('/');
}

/** The answer to the call that submits. */
export function presentQueued(req: Request, task: Task) {
  return { status: 'IN_QUEUE', ...urlsOf(req, task), queue_position: 0 };
}

/** A request's state: 202 until it is over, whatever its end. */
export function presentStatus(req: Request, task: Task): Reply {
  const nowMs = Date.now();
  const state = taskState(task, nowMs);
  const urls = urlsOf(req, task);
  if (state.startedAtMs === null && state.completedAtMs === null) {
    return { status: 202, body: { status: 'IN_QUEUE', ...urls, queue_position: 0 } };
  }
  const logs = req.query.logs === '1' ? logsOf(task, state, nowMs) : null;
  if (state.completedAtMs === null) return { status: 202, body: { status: 'IN_PROGRESS', ...urls, logs } };
  return {
    status: 200,
    body: { status: 'COMPLETED', ...urls, logs, metrics: { inference_time: inferenceSeconds(state) } },
  };
}

/** What came of a request: the outputs, or the error. */
export async function presentResult(sandbox: Sandbox, req: Request, task: Task): Promise<Reply> {
  const state = taskState(task, Date.now());
  switch (state.phase) {
    case 'starting':
    case 'processing':
      return detail(400, 'Request is still in progress');
    case 'canceled':
    case 'aborted':
      return requestError(499, 'client_cancelled', 'The request was cancelled by the client.');
    case 'failed':
      return failure(task);
    case 'succeeded':
      return {
        status: 200,
        body: task.picture.format === 'mp4' ? await video(sandbox, req, task) : pictures(req, task, state),
      };
    default:
      return state.phase satisfies never;
  }
}

function failure(task: Task): Reply {
  const msg = task.error ?? '';
  if (task.fault !== 'refused') return modelError(500, [{ loc: ['body'], msg, type: 'internal_server_error' }]);
  return modelError(422, [
    { loc: ['body', 'prompt'], msg, type: 'content_policy_violation', input: task.input.prompt },
  ]);
}

function pictures(req: Request, task: Task, state: TaskState) {
  const count = task.fault === 'empty_output' ? 0 : task.picture.count;
  const indices = Array.from({ length: count }, (_, index) => index);
  return {
    images: indices.map((index) => ({
      url: outputUrl(req, task, index),
      ...shownSize(task.picture),
      content_type: contentTypes[task.picture.format],
    })),
    timings: { inference: inferenceSeconds(state) },
    seed: typeof task.input.seed === 'number' ? task.input.seed : Number.parseInt(task.id.slice(0, 8), 16),
    has_nsfw_concepts: indices.map(() => false),
    prompt: task.prompt,
  };
}

async function video(sandbox: Sandbox, req: Request, task: Task) {
  if (task.fault === 'empty_output') return { video: null };
  const { byteLength } = await sandbox.studio.file(task, 0);
  return {
    video: {
      url: outputUrl(req, task, 0),
      content_type: contentTypes[task.picture.format],
      file_name: 'output.mp4',
      file_size: byteLength,
    },
  };
}

function urlsOf(req: Request, task: Task) {
  const self = `${sandboxOrigin(req)}/fal/${appOf(task)}/requests/${task.id}`;
  return { request_id: task.id, response_url: self, status_url: `${self}/status`, cancel_url: `${self}/cancel` };
}

function outputUrl(req: Request, task: Task, index: number): string {
  return `${sandboxOrigin(req)}/fal-delivery/${outputPath(task, index)}`;
}

function logsOf(task: Task, state: TaskState, nowMs: number) {
  return progressLines(task, state, nowMs).map((message) => ({
    timestamp: new Date(nowMs).toISOString(),
    level: 'INFO',
    source: 'USER',
    message,
  }));
}

function inferenceSeconds({ startedAtMs, completedAtMs }: TaskState): number {
  return ((completedAtMs ?? 0) - (startedAtMs ?? completedAtMs ?? 0)) / 1000;
}
