import type { Request, Response } from 'express';
import type { Directives } from '../directives.ts';
import type { TaskFault } from '../faults.ts';
import type { CallbackPlan } from '../send-callbacks.ts';
import type { Reply } from '../send-reply.ts';
import type { Task } from '../task.ts';

/** How a provider says the things that all providers say: each in its own documented or observed words. */
export interface ProviderVoice {
  name: string;
  /** The key of a request, or null when it carries none. */
  readKey(req: Request): string | null;
  missingKey(): Reply;
  invalidKey(key: string): Reply;
  notJson(): Reply;
  throttled(): Reply;
  billingBlocked(): Reply;
  serverError(): Reply;
  unavailable(): Reply;
  /** How it says that the machines behind it are full, where that has a status of its own; else as `unavailable`. */
  overloaded?(): Reply;
}

/** A paid POST that has passed authentication and the faults that strike before anything is accepted. */
export interface PaidCall {
  req: Request;
  res: Response;
  key: string;
  body: Record<string, unknown>;
  prompt: string;
  directives: Directives;
  fault: TaskFault | null;
  nowMs: number;
}

/** What a provider counts and charges for. */
export interface TokenUsage {
  tokensIn: number;
  tokensOut: number;
}

/** What a provider makes of a paid call. `answer` is asked for once the task is in the store. */
export type Verdict =
  | { isAccepted: false; reply: Reply }
  | {
      isAccepted: true;
      task: Task;
      answer: () => Reply | Promise<Reply | null>;
      /** Sends the answer broken, where it is not one JSON document, which is merely cut off. */
      answerMalformed?: () => Promise<void>;
      /** Where the provider counts tokens. */
      usage?: TokenUsage;
      callback?: CallbackPlan | null;
    };

/** One paid endpoint. */
export interface PaidEndpoint {
  voice: ProviderVoice;
  readPrompt(body: Record<string, unknown>): unknown;
  /** Checks the call as the provider does; must not store or send anything itself. */
  submit(call: PaidCall): Verdict;
}

/** The bearer token of a request, or null. */
export function readBearerToken(req: Request): string | null {
  const [scheme, token] = (req.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && token ? token : null;
}

/** The address at which the client reached the sandbox, so that the URLs it is given work for it too. */
export function sandboxOrigin(req: Request): string {
  return `http://${req.headers.host ?? `127.0.0.1:${req.socket.localPort}`}`;
}
