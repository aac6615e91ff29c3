import type { Request, RequestHandler, Response } from 'express';
import type { Call } from './call-book.ts';
import { type Directives, parseDirectives } from './directives.ts';
import { type AfterFault, type BeforeFault, isAfterFault, isBeforeFault, isTaskFault } from './faults.ts';
import { isJsonObject } from './field-rules.ts';
import { isInvalidKey } from './is-invalid-key.ts';
import type { PaidCall, PaidEndpoint, ProviderVoice, Verdict } from './providers/provider.ts';
import type { Sandbox } from './sandbox.ts';
import { sendCallbacks } from './send-callbacks.ts';
import { type Reply, sendReply, sendText } from './send-reply.ts';
import { shortenStrings } from './shorten-strings.ts';
import { waitForClient } from './wait-for-client.ts';

const silenceMaxMs = 600_000;
const resetGraceMs = 100;
const htmlPage =
  '<!doctype html><html><head><title>Just a moment…</title></head><body>Checking your browser.</body></html>';

/**
 * Makes the handler of a paid POST. The order is that of a real service: the arrival is booked, then the key, the body,
 * trouble before acceptance, the provider's own checks, acceptance, trouble after acceptance, the answer.
 */
export function paidCall(sandbox: Sandbox, endpoint: PaidEndpoint): RequestHandler {
  return async (req, res) => {
    const { voice } = endpoint;
    const key = voice.readKey(req);
    const body = readJson(req);
    const givenPrompt = body === null ? '' : endpoint.readPrompt(body);
    const prompt = typeof givenPrompt === 'string' ? givenPrompt : '';
    const entry = openEntry(sandbox, req, voice.name, key, prompt, body);
    const noteStatus = () => {
      if (res.headersSent) entry.statusCode = res.statusCode;
    };
    // A stream that breaks off has sent its status, but never finishes.
    res.once('finish', noteStatus).once('close', noteStatus);
    if (key === null) return sendReply(res, voice.missingKey());
    if (isInvalidKey(key)) return sendReply(res, voice.invalidKey(key));
    if (body === null) return sendReply(res, voice.notJson());

    const directives = readDirectives(req, res, prompt);
    if (directives === null) return;
    const fault = sandbox.faults.strike({ provider: voice.name, key, prompt }, directives);
    if (isBeforeFault(fault)) return strikeBefore(res, fault, voice, key, directives);

    const taskFault = isTaskFault(fault) ? fault : null;
    const call: PaidCall = { req, res, key, body, prompt, directives, fault: taskFault, nowMs: Date.now() };
    const verdict = endpoint.submit(call);
    if (!verdict.isAccepted) return sendReply(res, verdict.reply);
    sandbox.tasks.add(verdict.task);
    entry.isAccepted = true;
    entry.isBilled = verdict.task.ending === 'succeeded' || verdict.task.ending === 'never';
    entry.taskId = verdict.task.id;
    if (entry.isBilled && verdict.usage) {
      entry.tokensIn = verdict.usage.tokensIn;
      entry.tokensOut = verdict.usage.tokensOut;
    }
    if (verdict.callback) sendCallbacks(verdict.task, verdict.callback);
    if (isAfterFault(fault)) return strikeAfter(res, fault, voice, verdict);
    const reply = await verdict.answer();
    if (reply) sendReply(res, reply);
  };
}

/** Never answers; hangs up when the client has not left after ten minutes. */
export async function keepSilent(res: Response): Promise<void> {
  if (await waitForClient(res, silenceMaxMs)) res.destroy();
}

/** The request's JSON object, or null when it is none or not declared as JSON. */
function readJson(req: Request): Record<string, unknown> | null {
  if (typeof req.body !== 'string' || !req.is('json')) return null;
  try {
    const body: unknown = JSON.parse(req.body);
    return isJsonObject(body) ? body : null;
  } catch {
    return null; // The caller answers in the provider's words for a body that is not JSON.
  }
}

function openEntry(
  sandbox: Sandbox,
  req: Request,
  provider: string,
  key: string | null,
  prompt: string,
  body: Record<string, unknown> | null,
): Call {
  const idempotencyHeaders: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (name.includes('idempot')) idempotencyHeaders[name] = String(value);
  }
  return sandbox.book.open({
    atMs: Date.now(),
    provider,
    method: req.method,
    path: req.originalUrl,
    prompt,
    isAccepted: false,
    isBilled: false,
    taskId: null,
    statusCode: null,
    tokensIn: null,
    tokensOut: null,
    idempotencyHeaders,
    requestId: req.get('x-request-id') ?? null,
    authorizationHint: key === null ? null : key.slice(-4),
    body: shortenStrings(body ?? req.body),
  });
}

function readDirectives(req: Request, res: Response, prompt: string): Directives | null {
  try {
    return parseDirectives(prompt, req.get('x-sandbox'));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    sendReply(res, { status: 400, body: { sandbox_error: error.message } });
    return null;
  }
}

async function strikeBefore(
  res: Response,
  fault: BeforeFault,
  voice: ProviderVoice,
  key: string,
  directives: Directives,
): Promise<void> {
  switch (fault) {
    case '401':
      return sendReply(res, voice.invalidKey(key));
    case '402':
      return sendReply(res, voice.billingBlocked());
    case '429':
      return sendReply(res, withRetryAfter(voice.throttled(), directives.retryAfterSeconds));
    case '500':
      return sendReply(res, voice.serverError());
    case '503':
      return sendReply(res, withRetryAfter(voice.unavailable(), directives.retryAfterSeconds));
    case '529':
      return sendReply(res, withRetryAfter((voice.overloaded ?? voice.unavailable)(), directives.retryAfterSeconds));
    case 'html':
      return sendText(
        res,
        { status: 200, body: null, headers: { 'content-type': 'text/html; charset=utf-8' } },
        htmlPage,
      );
    case 'timeout':
      return keepSilent(res);
    case 'reset':
      return reset(res);
    default:
      return fault satisfies never;
  }
}

async function strikeAfter(
  res: Response,
  fault: AfterFault,
  voice: ProviderVoice,
  { answer, answerMalformed }: Verdict & { isAccepted: true },
): Promise<void> {
  switch (fault) {
    case '500_after':
      return sendReply(res, voice.serverError());
    case 'timeout_after':
      return keepSilent(res);
    case 'reset_after':
      return reset(res);
    case 'malformed': {
      if (answerMalformed) return answerMalformed();
      const reply = await answer();
      if (!reply) return;
      const text = JSON.stringify(reply.body);
      return sendText(res, reply, text.slice(0, Math.floor(text.length * 0.6)));
    }
    default:
      return fault satisfies never;
  }
}

/** Sends a TCP reset in the middle of an answer, but not at once: a reset takes away what the client has not read yet. */
export async function resetMidway(res: Response): Promise<void> {
  if (await waitForClient(res, resetGraceMs)) reset(res);
}

/** Sends a TCP reset instead of an answer. */
function reset(res: Response): void {
  if (res.socket && 'resetAndDestroy' in res.socket) res.socket.resetAndDestroy();
  else res.destroy();
}

function withRetryAfter(reply: Reply, seconds: number | undefined): Reply {
  if (seconds === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(seconds) } };
}
