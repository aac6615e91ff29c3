import { Router } from 'express';
import { deliverOutput } from '../../deliver-output.ts';
import { paidCall } from '../../paid-call.ts';
import { findOwnTask, requireKey } from '../../require-key.ts';
import type { Sandbox } from '../../sandbox.ts';
import { sendReply } from '../../send-reply.ts';
import { takePollError, taskState } from '../../task.ts';
import { createByModel, createByVersion } from './create-prediction.ts';
import { listPredictions } from './list-predictions.ts';
import { dataKeptForMs, presentPrediction } from './present-prediction.ts';
import { notFound, replicateVoice } from './replies.ts';
import { webhookSecret } from './webhook-secret.ts';

/** Replicate's HTTP API, mounted at `/replicate/v1`. */
export function buildReplicateRouter(sandbox: Sandbox): Router {
  const router = Router();
  router.post('/models/:owner/:name/predictions', paidCall(sandbox, createByModel(sandbox)));
  router.post('/predictions', paidCall(sandbox, createByVersion(sandbox)));

  router.get(
    '/predictions',
    requireKey(replicateVoice, (req, key) => listPredictions(sandbox, req, key)),
  );
  router.get(
    '/predictions/:id',
    requireKey(replicateVoice, (req, key) => {
      const task = findOwnTask(sandbox, replicateVoice, req, key);
      if (!task) return notFound();
      if (takePollError(task)) return replicateVoice.serverError();
      return { status: 200, body: presentPrediction(req, task) };
    }),
  );
  router.post(
    '/predictions/:id/cancel',
    requireKey(replicateVoice, (req, key) => {
      const task = findOwnTask(sandbox, replicateVoice, req, key);
      if (!task) return notFound();
      const nowMs = Date.now();
      // Cancelling what has already ended changes nothing and is no error.
      if (taskState(task, nowMs).completedAtMs === null) task.canceledAtMs = nowMs;
      return { status: 200, body: presentPrediction(req, task) };
    }),
  );
  router.get(
    '/account',
    requireKey(replicateVoice, () => ({ status: 200, body: account })),
  );
  router.get(
    '/webhooks/default/secret',
    requireKey(replicateVoice, () => ({ status: 200, body: { key: webhookSecret } })),
  );
  router.use((_req, res) => sendReply(res, notFound()));
  return router;
}

/** The output files, mounted at `/replicate-delivery`. */
export function buildReplicateDelivery(sandbox: Sandbox): Router {
  const router = Router();
  router.get('/:id/:file', deliverOutput(sandbox, { goneStatus: 404, keptForMs: dataKeptForMs }));
  return router;
}

const account = {
  type: 'organization',
  username: 'sandbox',
  name: 'Sandbox',
  github_url: 'https://github.com/sandbox',
  avatar_url: 'https://github.com/sandbox.png',
};
