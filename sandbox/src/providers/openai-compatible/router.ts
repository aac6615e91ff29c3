import { Router } from 'express';
import { paidCall } from '../../paid-call.ts';
import { requireKey } from '../../require-key.ts';
import type { Sandbox } from '../../sandbox.ts';
import { sendReply } from '../../send-reply.ts';
import { chatCompletions } from './chat-completions.ts';
import { compatibleVoice, failure } from './replies.ts';

const servedModel = {
  id: 'sandbox/any-model',
  object: 'model',
  created: 1764547200,
  owned_by: 'sandbox',
  max_model_len: 32_768,
};

/** A server of open models that speaks OpenAI's protocol, mounted at `/openai-compatible/v1`. */
export function buildOpenaiCompatibleRouter(sandbox: Sandbox): Router {
  const router = Router();
  router.post('/chat/completions', paidCall(sandbox, chatCompletions(sandbox)));
  router.get(
    '/models',
    requireKey(compatibleVoice, () => ({ status: 200, body: { object: 'list', data: [servedModel] } })),
  );
  router.use((_req, res) => sendReply(res, failure(404, 'Not Found')));
  return router;
}
