import type { Reply } from '../../send-reply.ts';

/** An answer of Asaas to what it does not accept. Thrown by the endpoints, sent by the router. */
export class AsaasRefusal extends Error {
  readonly reply: Reply;

  constructor(status: number, code: string, description: string) {
    super(`${code}: ${description}`);
    this.reply = { status, body: { errors: [{ code, description }] } };
  }
}

export function invalid(code: string, description: string): AsaasRefusal {
  return new AsaasRefusal(400, code, description);
}

/** A 404 has no body. */
export function notFound(): AsaasRefusal {
  const refusal = new AsaasRefusal(404, 'not_found', '');
  refusal.reply.body = {};
  return refusal;
}
