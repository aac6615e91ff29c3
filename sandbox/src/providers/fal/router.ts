import { type Request, type RequestHandler, Router } from 'express';
import { deliverOutput } from '../../deliver-output.ts';
import { isInvalidKey } from '../../is-invalid-key.ts';
import { paidCall } from '../../paid-call.ts';
import { findOwnTask, requireKey } from '../../require-key.ts';
import type { Sandbox } from '../../sandbox.ts';
import { sendReply } from '../../send-reply.ts';
import { type Task, takePollError, taskState } from '../../task.ts';
import { createRequest } from './create-request.ts';
import { appOf, presentResult, presentStatus } from './present-request.ts';
import { detail, falVoice, requestNotFound } from './replies.ts';
import { publicKeys } from './webhook-key.ts';

const requestPath = '/:owner/:app/requests/:id';
/** How long the provider promises to keep outputs. */
const outputsKeptForMs = 7 * 86_400_000;

/** The queue of fal.ai, mounted at `/fal`. */
export function buildFalRouter(sandbox: Sandbox): Router {
  const router = Router();
  router.get('/.well-known/jwks.json', (_req, res) => sendReply(res, { status: 200, body: publicKeys }));
  router.post('/*endpoint', paidCall(sandbox, createRequest(sandbox)));
  router.get(
    `${requestPath}/status`,
    requireKey(falVoice, (req, key) => {
      const task = findRequest(sandbox, req, key);
      if (!task) return requestNotFound();
      return takePollError(task) ? falVoice.serverError() : presentStatus(req, task);
    }),
  );
  router.get(requestPath, getResult(sandbox));
  router.put(
    `${requestPath}/cancel`,
    requireKey(falVoice, (req, key) => {
      const task = findRequest(sandbox, req, key);
      if (!task) return requestNotFound();
      const nowMs = Date.now();
      if (taskState(task, nowMs).completedAtMs !== null) return { status: 400, body: { status: 'ALREADY_COMPLETED' } };
      task.canceledAtMs = nowMs;
      return { status: 202, body: { status: 'CANCELLATION_REQUESTED' } };
    }),
  );
  router.use((_req, res) => sendReply(res, detail(404, 'Not Found')));
  return router;
}

/** The output files, mounted at `/fal-delivery`. */
export function buildFalDelivery(sandbox: Sandbox): Router {
  const router = Router();
  router.get('/:id/:file', deliverOutput(sandbox, { goneStatus: 404, keptForMs: outputsKeptForMs }));
  return router;
}

/** Not by `requireKey`, which does not wait: the length of a video is known when it is made. */
function getResult(sandbox: Sandbox): RequestHandler {
  return async (req, res) => {
    const key = falVoice.readKey(req);
    if (key === null) return sendReply(res, falVoice.missingKey());
    if (isInvalidKey(key)) return sendReply(res, falVoice.invalidKey(key));
    const task = findRequest(sandbox, req, key);
    sendReply(res, task ? await presentResult(sandbox, req, task) : requestNotFound());
  };
}

/** The caller's own request, if the path names its app: a request of `fal-ai/flux/schnell` is one of `fal-ai/flux`. */
function findRequest(sandbox: Sandbox, req: Request, key: string): Task | undefined {
  const task = findOwnTask(sandbox, falVoice, req, key);
  return task && appOf(task) === `${req.params.owner}/${req.params.app}` ? task : undefined;
}
