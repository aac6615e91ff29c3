import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import { paidCall } from '../../paid-call.ts';
import { findOwnTask, requireKey } from '../../require-key.ts';
import type { Sandbox } from '../../sandbox.ts';
import { sendReply } from '../../send-reply.ts';
import { takePollError } from '../../task.ts';
import { chatCompletions } from './chat-completions.ts';
import { createResponse, type ResponseShelf } from './create-response.ts';
import { createSpeech } from './create-speech.ts';
import { generateImages } from './generate-images.ts';
import { findOpenaiModel, type OpenaiModel, openaiModels } from './models.ts';
import { presentResponse, responsePhase } from './present-response.ts';
import { failure, modelNotFound, openaiVoice } from './replies.ts';

/** OpenAI's HTTP API, mounted at `/openai/v1`. */
export function buildOpenaiRouter(sandbox: Sandbox): Router {
  const router = Router();
  router.use((_req, res, next) => {
    res.setHeader('x-request-id', `req_${randomUUID().replaceAll('-', '')}`);
    next();
  });
  router.post('/images/generations', paidCall(sandbox, generateImages(sandbox)));
  router.post('/chat/completions', paidCall(sandbox, chatCompletions(sandbox)));
  router.post('/audio/speech', paidCall(sandbox, createSpeech(sandbox)));
  addResponses(router, sandbox);

  router.get(
    '/models',
    requireKey(openaiVoice, () => ({ status: 200, body: { object: 'list', data: openaiModels.map(presentModel) } })),
  );
  router.get(
    '/models/:id',
    requireKey(openaiVoice, (req) => {
      const id = String(req.params.id);
      const model = findOpenaiModel(id);
      return model ? { status: 200, body: presentModel(model) } : modelNotFound(id);
    }),
  );
  router.use((req, res) => {
    sendReply(res, failure(404, { message: `Invalid URL (${req.method} ${req.originalUrl})` }));
  });
  return router;
}

function addResponses(router: Router, sandbox: Sandbox): void {
  const shelf: ResponseShelf = new WeakMap();
  router.post('/responses', paidCall(sandbox, createResponse(sandbox, shelf)));
  router.get(
    '/responses/:id',
    requireKey(openaiVoice, (req, key) => {
      const task = findOwnTask(sandbox, openaiVoice, req, key);
      const stored = task && shelf.get(task);
      if (!stored) return failure(404, { message: `Response with id '${req.params.id}' not found.` });
      if (takePollError(stored.task)) return openaiVoice.serverError();
      return { status: 200, body: presentResponse(stored, responsePhase(stored, Date.now())) };
    }),
  );
}

function presentModel(model: OpenaiModel) {
  return {
    id: model.id,
    object: 'model',
    created: model.created,
    owned_by: 'system',
    shutdown_date: model.shutdownDate,
  };
}
