import { hash } from 'node:crypto';
import { paymentEventReceipt } from '@base/shared/contracts/billing';
import { receivePaymentEvent } from '@base/shared/db/queries/billing';
import { ApiError } from '@base/shared/errors/api-error';
import { parseAsaasJson } from '@base/shared/gateways/asaas/amount';
import { isAsaasToken } from '@base/shared/gateways/asaas/is-asaas-token';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { createRawBodyReader } from '../../http/read-raw-body.ts';

const readRawBody = createRawBodyReader(1024 * 1024);

/** Ids are like `evt_05b708f961d739ea7eba7e4db318f621&368604920`. */
const headSchema = z.object({
  id: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  event: z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/),
});

export const receiveAsaasEvent = endpoint({
  method: 'post',
  path: '/webhooks/asaas',
  tag: 'payment webhooks',
  summary: 'Called by Asaas when something has happened to a payment',
  description:
    'Not for clients: Asaas sends the token of its settings (`asaas-access-token`). Whatever comes with it is taken, and answered with 200, because Asaas stops sending after failures; workers ask Asaas what it means.',
  access: 'public',
  // Asaas calls for everybody from few addresses, and whoever has no token gets no further than that.
  addressLimit: 'none',
  responses: { 200: { description: 'Taken, now or before.', body: paymentEventReceipt } },
  errors: ['invalid_signature', 'not_found', 'payload_too_large', 'unsupported_media_type', 'malformed_request'],
  async handle({ request, response, deps }) {
    const { ASAAS_WEBHOOK_TOKEN: token } = deps.config;
    if (token === undefined) throw new ApiError('not_found');
    const given = request.headers['asaas-access-token'];
    if (!isAsaasToken(token, typeof given === 'string' ? given : undefined)) {
      throw new ApiError('invalid_signature', { detail: 'The token is not the one that was agreed on.' });
    }
    const body = await readRawBody(request, response);
    const isNew = await receivePaymentEvent(deps.pool, {
      gateway: 'asaas',
      ...readHead(body),
      apiVersion: null,
      // Postgres keeps no NUL in texts.
      payload: body.toString('utf8').replaceAll('\0', '\uFFFD'),
    });
    return ok({ result: isNew ? ('received' as const) : ('replayed' as const) });
  },
});

/** What is no event is kept under the hash of it: a worker parks it, for a person to look at. */
function readHead(body: Buffer): { id: string; type: string } {
  try {
    const { id, event } = headSchema.parse(parseAsaasJson(body.toString('utf8')));
    return { id, type: event };
  } catch {
    return { id: `sha256:${hash('sha256', body, 'hex')}`, type: 'MALFORMED' };
  }
}
