import type { Request, RequestHandler, Response } from 'express';
import { isInvalidKey } from '../../is-invalid-key.ts';
import { sandboxOrigin } from '../../providers/provider.ts';
import { sendText } from '../../send-reply.ts';
import type { StripeAccount } from './account.ts';
import { apiVersion } from './event-outbox.ts';
import { expandAnswer } from './expand.ts';
import { spoilAnswer, takeFault } from './faults.ts';
import { newId } from './new-id.ts';
import { Params } from './params.ts';
import { type FormFields, parseForm } from './parse-form.ts';
import { StripeError } from './stripe-error.ts';

/** One call of the API. */
export interface StripeCall {
  account: StripeAccount;
  params: Params;
  /** The id in the path. */
  id: string;
}

/**
 * Answers one call. It reads all parameters and calls `params.done()` before it changes anything, so that a refused call
 * has done nothing.
 */
export type StripeHandler = (call: StripeCall) => object;

interface Answer {
  status: number;
  text: string;
  headers?: Record<string, string>;
}

/** Keys are forgotten after a day. */
const savedForMs = 86_400_000;
const keyLengthMax = 255;

/** Makes the handler of a route: the key, the parameters, idempotency, `expand`, and the form of the answer. */
export function serve(account: StripeAccount, handler: StripeHandler): RequestHandler {
  return async (req, res) => {
    const requestId = newId('req', 14);
    const fault = takeFault(account.faultPlan, req.method, req.originalUrl);
    if (fault && !fault.endsWith('_after')) return spoilAnswer(res, fault);
    account.origin = sandboxOrigin(req);
    account.clock.runDue();
    const answer = withErrors(() => {
      checkKey(req);
      return req.method === 'POST' && req.get('idempotency-key') !== undefined
        ? answerOnce(account, handler, req, requestId)
        : answerCall(account, handler, req, requestId);
    });
    if (fault) return spoilAnswer(res, fault);
    send(req, res, requestId, answer);
  };
}

/** What Stripe says where there is nothing. */
export const answerUnknownUrl: RequestHandler = (req, res) => {
  const message = `Unrecognized request URL (${req.method}: ${req.originalUrl.split('?')[0]}).`;
  send(
    req,
    res,
    newId('req', 14),
    renderError(new StripeError(`${message} The sandbox may not have it.`, { status: 404 })),
  );
};

function answerCall(account: StripeAccount, handler: StripeHandler, req: Request, requestId: string): Answer {
  const { expand = [], ...fields } = readFields(req);
  const paths = Array.isArray(expand) ? expand.map(String) : [String(expand)];
  const { id } = req.params;
  account.request = { id: requestId, idempotency_key: req.get('idempotency-key') ?? null };
  try {
    const found = handler({ account, params: new Params(fields), id: typeof id === 'string' ? id : '' });
    return { status: 200, text: JSON.stringify(expandAnswer(account, found, paths), null, 2) };
  } finally {
    account.request = null;
  }
}

/** The same key and parameters get the same answer; a call that was refused for its form may be sent again. */
function answerOnce(account: StripeAccount, handler: StripeHandler, req: Request, requestId: string): Answer {
  const key = req.get('idempotency-key') ?? '';
  if (key.length > keyLengthMax) throw new StripeError(`Idempotency keys have ${keyLengthMax} characters at most.`);
  const nowMs = account.clock.now().getTime();
  const question = `${req.method} ${req.originalUrl} ${JSON.stringify(readFields(req))}`;
  const saved = account.savedAnswers.get(key);
  if (saved && nowMs - saved.savedAtMs < savedForMs) {
    if (saved.question !== question) {
      const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`;
      throw new StripeError(message, { type: 'idempotency_error' });
    }
    const headers = { 'idempotent-replayed': 'true', 'original-request': saved.requestId };
    return { status: saved.status, text: saved.text, headers };
  }
  const answer = withErrors(() => answerCall(account, handler, req, requestId));
  // A declined card is a result; bad parameters are not.
  if (answer.status === 200 || answer.status === 402) {
    account.savedAnswers.set(key, {
      question,
      status: answer.status,
      text: answer.text,
      requestId,
      savedAtMs: nowMs,
    });
  }
  return answer;
}

function readFields(req: Request): FormFields {
  const query = req.originalUrl.split('?')[1] ?? '';
  const body = typeof req.body === 'string' ? req.body : '';
  return { ...parseForm(query), ...parseForm(body) };
}

function checkKey(req: Request): void {
  const header = req.get('authorization') ?? '';
  const key = /^Bearer (.+)$/.exec(header)?.[1];
  if (key === undefined) {
    const message =
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.';
    throw new StripeError(message, { status: 401 });
  }
  const name = /^(?:sk|rk)_(?:test|live)_(.+)$/.exec(key)?.[1];
  if (name === undefined || isInvalidKey(name) || isInvalidKey(key)) {
    throw new StripeError(`Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`, { status: 401 });
  }
}

function withErrors(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof StripeError) return renderError(error);
    throw error;
  }
}

function renderError(error: StripeError): Answer {
  return { status: error.status, text: JSON.stringify(error.body, null, 2) };
}

function send(req: Request, res: Response, requestId: string, { status, text, headers }: Answer): void {
  const key = req.get('idempotency-key');
  const named = {
    'request-id': requestId,
    'stripe-version': req.get('stripe-version') ?? apiVersion,
    ...(key !== undefined && { 'idempotency-key': key }),
    ...headers,
  };
  sendText(res, { status, body: null, headers: named }, text);
}
