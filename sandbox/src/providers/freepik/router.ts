import { Router } from 'express';
import { deliverOutput } from '../../deliver-output.ts';
import { paidCall } from '../../paid-call.ts';
import { findOwnTask, requireKey } from '../../require-key.ts';
import type { Sandbox } from '../../sandbox.ts';
import { sendReply } from '../../send-reply.ts';
import { takePollError } from '../../task.ts';
import { createTask } from './create-task.ts';
import { listCreations } from './list-creations.ts';
import type { FreepikModel } from './model.ts';
import { freepikModels } from './models.ts';
import { presentTask, presentTaskDetail } from './present-task.ts';
import { freepikVoice, message } from './replies.ts';

const listedMax = 100;
/** The provider states no lifetime for picture links; a day is what it states for videos. */
const outputsKeptForMs = 86_400_000;

/** The Magnific (formerly Freepik) HTTP API, mounted at `/freepik`. */
export function buildFreepikRouter(sandbox: Sandbox): Router {
  const router = Router();
  for (const model of freepikModels) addModel(router, sandbox, model);
  for (const path of new Set(freepikModels.map((model) => model.statusPath))) addStatus(router, sandbox, path);
  router.get(
    '/v1/creations/recent',
    requireKey(freepikVoice, (req, key) => listCreations(sandbox, req, key)),
  );
  router.use((_req, res) => sendReply(res, message(404, 'Not found')));
  return router;
}

/** The output files, mounted at `/freepik-delivery`. */
export function buildFreepikDelivery(sandbox: Sandbox): Router {
  const router = Router();
  router.get('/:id/:file', deliverOutput(sandbox, { goneStatus: 410, keptForMs: outputsKeptForMs }));
  return router;
}

function addModel(router: Router, sandbox: Sandbox, model: FreepikModel): void {
  router.post(model.path, paidCall(sandbox, createTask(sandbox, model)));
  router.get(
    model.path,
    requireKey(freepikVoice, (_req, key) => {
      const stored = sandbox.tasks.newestFirst(
        listedMax,
        (task) => task.provider === freepikVoice.name && task.variant === model.path && task.account === key,
      );
      return { status: 200, body: { data: stored.map(({ task }) => presentTask(task)) } };
    }),
  );
}

function addStatus(router: Router, sandbox: Sandbox, statusPath: string): void {
  const models = freepikModels.filter((model) => model.statusPath === statusPath);
  router.get(
    `${statusPath}/:id`,
    requireKey(freepikVoice, (req, key) => {
      const task = findOwnTask(sandbox, freepikVoice, req, key);
      const model = models.find(({ path }) => path === task?.variant);
      if (!task || !model) return message(404, 'Not found');
      if (takePollError(task)) return freepikVoice.serverError();
      return { status: 200, body: { data: presentTaskDetail(req, model, task) } };
    }),
  );
}
