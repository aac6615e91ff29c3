import type { Request, RequestHandler } from 'express';
import { isInvalidKey } from './is-invalid-key.ts';
import type { ProviderVoice } from './providers/provider.ts';
import type { Sandbox } from './sandbox.ts';
import { type Reply, sendReply } from './send-reply.ts';
import type { Task } from './task.ts';

/** Makes the handler of a free call: `answer` gets requests that carry a key, except the key `invalid`. */
export function requireKey(voice: ProviderVoice, answer: (req: Request, key: string) => Reply): RequestHandler {
  return (req, res) => {
    const key = voice.readKey(req);
    if (key === null) return sendReply(res, voice.missingKey());
    if (isInvalidKey(key)) return sendReply(res, voice.invalidKey(key));
    sendReply(res, answer(req, key));
  };
}

/** The task that the path names, if it is the caller's own with this provider. */
export function findOwnTask(sandbox: Sandbox, voice: ProviderVoice, req: Request, key: string): Task | undefined {
  const { id } = req.params;
  const task = typeof id === 'string' ? sandbox.tasks.find(id) : undefined;
  return task?.provider === voice.name && task.account === key ? task : undefined;
}
