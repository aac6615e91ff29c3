import { createPortalBody, portal } from '@base/shared/contracts/billing';
import { endpoint, ok } from '../../http/endpoint.ts';
import { findPayer } from './find-payer.ts';
import { findSubscription } from './find-subscription.ts';
import { askGateway, gatewayOf, pickGateway } from './pick-gateway.ts';
import { readReturnUrl } from './return-url.ts';

export const openPortal = endpoint({
  method: 'post',
  path: '/billing/portal',
  tag: 'billing',
  summary: 'A page of the gateway’s for cards, addresses and invoices',
  description: 'The address works once and for a short time: send the person there at once.',
  access: 'billing:write',
  body: createPortalBody,
  responses: { 200: { description: 'Where to go.', body: portal } },
  errors: ['conflict', 'service_unavailable'],
  async handle({ body, deps, principal }) {
    const returnUrl = readReturnUrl(deps, 'return_url', body.return_url);
    const [payer, subscription] = await Promise.all([
      findPayer(deps, principal),
      findSubscription(deps, principal.organizationId),
    ]);
    const gateway = subscription === null ? pickGateway(deps, undefined) : gatewayOf(deps, subscription.gateway);
    const url = await askGateway(() => gateway.openPortal(deps.pool, payer, returnUrl));
    return ok({ object: 'portal' as const, url });
  },
});
