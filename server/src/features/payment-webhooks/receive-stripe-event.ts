import { paymentEventReceipt } from '@base/shared/contracts/billing';
import { receivePaymentEvent } from '@base/shared/db/queries/billing';
import { ApiError } from '@base/shared/errors/api-error';
import { readStripeMessage } from '@base/shared/gateways/stripe/read-event';
import { endpoint, ok } from '../../http/endpoint.ts';
import { createRawBodyReader } from '../../http/read-raw-body.ts';

const readRawBody = createRawBodyReader(1024 * 1024);

export const receiveStripeEvent = endpoint({
  method: 'post',
  path: '/webhooks/stripe',
  tag: 'payment webhooks',
  summary: 'Called by Stripe when something has happened to a payment',
  description:
    'Not for clients: Stripe signs what it sends (`Stripe-Signature`). An event is taken once, whatever it says; workers ask Stripe what it means.',
  access: 'public',
  // Stripe calls for everybody from few addresses, and whoever cannot sign gets no further than the signature.
  addressLimit: 'none',
  responses: { 200: { description: 'Taken, now or before.', body: paymentEventReceipt } },
  errors: ['invalid_signature', 'not_found', 'payload_too_large', 'unsupported_media_type', 'malformed_request'],
  async handle({ request, response, deps }) {
    const { STRIPE_WEBHOOK_SECRET: secrets } = deps.config;
    if (secrets.length === 0) throw new ApiError('not_found');
    const body = await readRawBody(request, response);
    const signature = request.headers['stripe-signature'];
    // Time is the wall's here: Stripe signs each attempt for the moment it is sent.
    const message = readStripeMessage(body, typeof signature === 'string' ? signature : undefined, secrets, new Date());
    if (message === null) {
      throw new ApiError('invalid_signature', { detail: 'The signature does not belong to this body, or is too old.' });
    }
    if (message.isThin) return ok({ result: 'ignored' as const });
    const isNew = await receivePaymentEvent(deps.pool, {
      gateway: 'stripe',
      id: message.id,
      type: message.type,
      apiVersion: message.apiVersion,
      payload: body.toString('utf8'),
    });
    return ok({ result: isNew ? ('received' as const) : ('replayed' as const) });
  },
});
