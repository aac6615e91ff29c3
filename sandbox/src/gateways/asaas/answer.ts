import type { Request, RequestHandler, Response } from 'express';
import { isInvalidKey } from '../../is-invalid-key.ts';
import { sandboxOrigin } from '../../providers/provider.ts';
import { type Reply, sendReply } from '../../send-reply.ts';
import type { AsaasAccount } from './account.ts';
import { type AsaasFault, takeFault } from './faults.ts';
import { AsaasRefusal, notFound } from './replies.ts';

/** Longer than any client waits. */
const silenceMs = 600_000;

type Answer = (account: AsaasAccount, req: Request) => unknown;

/** Makes the handler of one endpoint of the API: key, faults, then what `answer` gives as 200. */
export function api(account: AsaasAccount, answer: Answer): RequestHandler {
  return async (req, res) => {
    const refusal = refuse(req);
    if (refusal) return sendReply(res, refusal);
    const fault = takeFault(account.faultPlan, req.method, req.originalUrl);
    if (fault && !fault.endsWith('_after')) return spoil(res, fault);
    const reply = await run(account, req, answer);
    if (fault) return spoil(res, fault);
    sendReply(res, reply);
  };
}

/** Makes the handler of a control endpoint: like one of the API, without key and faults. */
export function control(account: AsaasAccount, answer: Answer): RequestHandler {
  return async (req, res) => {
    sendReply(res, await run(account, req, answer));
  };
}

async function run(account: AsaasAccount, req: Request, answer: Answer): Promise<Reply> {
  account.origin = sandboxOrigin(req);
  account.clock.runDue();
  try {
    return { status: 200, body: await answer(account, req) };
  } catch (error) {
    if (error instanceof AsaasRefusal) return error.reply;
    throw error;
  }
}

/** What is wrong with the headers, or null. */
function refuse(req: Request): Reply | null {
  const key = req.get('access_token');
  if (!key) {
    return new AsaasRefusal(401, 'access_token_not_found', "O cabeçalho de autenticação 'access_token' é obrigatório")
      .reply;
  }
  if (isInvalidKey(key))
    return new AsaasRefusal(401, 'invalid_access_token', 'A chave de API informada é inválida').reply;
  if (!req.get('user-agent')) {
    return new AsaasRefusal(401, 'user_agent_not_found', "O cabeçalho 'User-Agent' é obrigatório").reply;
  }
  const hasBody = typeof req.body === 'string' && req.body !== '';
  if (req.method === 'GET' && hasBody) return new AsaasRefusal(403, 'forbidden', 'GET não aceita corpo').reply;
  return null;
}

function spoil(res: Response, fault: AsaasFault): void {
  if (fault.startsWith('reset')) {
    res.socket?.resetAndDestroy();
  } else if (fault.startsWith('timeout')) {
    setTimeout(() => res.destroy(), silenceMs).unref();
  } else {
    const status = Number(fault.slice(0, 3));
    const headers = { 'ratelimit-limit': '100', 'ratelimit-remaining': '0', 'ratelimit-reset': '7' };
    const code = status === 429 ? 'too_many_requests' : 'internal_error';
    sendReply(res, { ...new AsaasRefusal(status, code, 'Falha simulada').reply, ...(status === 429 && { headers }) });
  }
}

/** What the path names, or 404. */
export function required<T>(thing: T | undefined): T {
  if (thing === undefined) throw notFound();
  return thing;
}
