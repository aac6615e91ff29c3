import { type RequestHandler, Router } from 'express';
import { isInvalidKey } from '../../is-invalid-key.ts';
import { paidCall } from '../../paid-call.ts';
import { requireKey } from '../../require-key.ts';
import type { Sandbox } from '../../sandbox.ts';
import { type Reply, sendReply } from '../../send-reply.ts';
import { takePollError } from '../../task.ts';
import { countCredits, findHistoryItem, listHistory, presentHistoryItem } from './list-history.ts';
import { listVoices } from './list-voices.ts';
import { makeSpeech } from './make-speech.ts';
import { presentModel, speechModels } from './models.ts';
import { presentSubscription } from './present-subscription.ts';
import { detail, elevenlabsVoice } from './replies.ts';
import { secondsOf, textToSpeech } from './text-to-speech.ts';

/** ElevenLabs' HTTP API, mounted at `/elevenlabs`. */
export function buildElevenlabsRouter(sandbox: Sandbox): Router {
  const router = Router();
  const free = (answer: Parameters<typeof requireKey>[1]) => requireKey(elevenlabsVoice, answer);
  router.post('/v1/text-to-speech/:voiceId', paidCall(sandbox, textToSpeech(sandbox)));
  router.get('/v2/voices', free(listVoices));
  router.get(
    '/v1/models',
    free(() => ({ status: 200, body: speechModels.map(presentModel) })),
  );
  router.get(
    '/v1/user/subscription',
    free((_req, key) => ({ status: 200, body: presentSubscription(countCredits(sandbox, key)) })),
  );
  router.get(
    '/v1/history',
    free((req, key) => listHistory(sandbox, req, key)),
  );
  router.get(
    '/v1/history/:id',
    free((req, key) => {
      const item = findHistoryItem(sandbox, key, req.params.id);
      if (!item) return itemNotFound();
      if (takePollError(item.task)) return elevenlabsVoice.serverError();
      return { status: 200, body: presentHistoryItem(item) };
    }),
  );
  router.get('/v1/history/:id/audio', sendHistoryAudio(sandbox));
  router.use((_req, res) => sendReply(res, { status: 404, body: { detail: 'Not Found' } }));
  return router;
}

function sendHistoryAudio(sandbox: Sandbox): RequestHandler {
  return (req, res) => {
    const key = elevenlabsVoice.readKey(req);
    if (key === null) return sendReply(res, elevenlabsVoice.missingKey());
    if (isInvalidKey(key)) return sendReply(res, elevenlabsVoice.invalidKey(key));
    const item = findHistoryItem(sandbox, key, req.params.id);
    const speech =
      item && makeSpeech(String(item.task.input.output_format), secondsOf(item.task.prompt, item.task.input));
    if (!speech) return sendReply(res, itemNotFound());
    res.type(speech.contentType).send(speech.bytes());
  };
}

function itemNotFound(): Reply {
  return detail(400, 'history_item_not_found', 'A history item with that ID was not found.');
}
