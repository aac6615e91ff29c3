import { type Request, Router } from 'express';
import type { Call } from './call-book.ts';
import type { Sandbox } from './sandbox.ts';
import { taskState } from './task.ts';

/** The sandbox's own book: calls, tasks, health. */
export function buildBookRouter(sandbox: Sandbox): Router {
  const router = Router();
  router.get('/health', (_req, res) => {
    res.json({ status: 'ok', calls: sandbox.book.count, tasks: sandbox.tasks.size });
  });
  router.get('/calls', (req, res) => {
    const sinceMs = readSince(req);
    if (Number.isNaN(sinceMs)) {
      res.status(400).json({ sandbox_error: 'since must be an ISO 8601 time or milliseconds since 1970' });
      return;
    }
    const provider = readText(req, 'provider');
    const promptPart = readText(req, 'prompt_contains') ?? '';
    const matches = (call: Call) =>
      call.atMs >= sinceMs && (provider === null || call.provider === provider) && call.prompt.includes(promptPart);
    res.json({ data: sandbox.book.list(matches).map(presentCall) });
  });
  router.get('/tasks/:id', (req, res) => {
    const task = sandbox.tasks.find(req.params.id);
    if (!task) {
      res.status(404).json({ sandbox_error: 'no such task' });
      return;
    }
    const state = taskState(task, Date.now());
    res.json({
      id: task.id,
      provider: task.provider,
      model: task.model,
      prompt: task.prompt,
      input: task.input,
      status: state.phase,
      fault: task.fault,
      error: state.phase === 'failed' ? task.error : null,
      picture: {
        width: task.picture.width,
        height: task.picture.height,
        format: task.picture.format,
        count: task.picture.count,
        tiny: task.picture.isTiny,
      },
      latency_ms: task.latencyMs,
      polls: task.pollCount,
      downloads: task.downloadCount,
      created_at: new Date(task.createdAtMs).toISOString(),
      started_at: state.startedAtMs === null ? null : new Date(state.startedAtMs).toISOString(),
      completed_at: state.completedAtMs === null ? null : new Date(state.completedAtMs).toISOString(),
    });
  });
  return router;
}

function presentCall(call: Call) {
  return {
    id: call.id,
    at: new Date(call.atMs).toISOString(),
    provider: call.provider,
    method: call.method,
    path: call.path,
    prompt: call.prompt,
    accepted: call.isAccepted,
    billed: call.isBilled,
    task_id: call.taskId,
    status_code: call.statusCode,
    tokens_in: call.tokensIn,
    tokens_out: call.tokensOut,
    idempotency_headers: call.idempotencyHeaders,
    request_id: call.requestId,
    authorization_hint: call.authorizationHint,
    body: call.body,
  };
}

function readText(req: Request, name: string): string | null {
  const value = req.query[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function readSince(req: Request): number {
  const since = readText(req, 'since');
  if (since === null) return 0;
  return /^\d+$/.test(since) ? Number(since) : Date.parse(since);
}
