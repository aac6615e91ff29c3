import { checkout, createCheckoutBody } from '@base/shared/contracts/billing';
import { created, endpoint, ok } from '../../http/endpoint.ts';
import { orderCheckout } from './order-checkout.ts';
import { pickGateway, pickMethod } from './pick-gateway.ts';
import { presentCheckout } from './present-checkout.ts';
import { readReturnUrl } from './return-url.ts';

export const createCheckout = endpoint({
  method: 'post',
  path: '/billing/checkout',
  tag: 'billing',
  summary: 'Order a plan or a credit pack',
  description:
    'Send the payer to `url`. Coming back from there proves nothing: the plan and the credits are there when the gateway has told us of the payment. While an order is open, an equal one is answered with it; one for another plan ends it.',
  access: 'billing:write',
  body: createCheckoutBody,
  responses: {
    201: { description: 'The order.', body: checkout },
    200: { description: 'The equal order that is open already.', body: checkout },
  },
  errors: ['already_subscribed', 'service_unavailable'],
  async handle({ body, deps, principal, writer }) {
    const { plan, interval = 'month', pack, customer } = body;
    const gateway = pickGateway(deps, body.gateway);
    const { row, isNew } = await orderCheckout(
      { deps, principal, writer },
      {
        gateway,
        method: pickMethod(gateway, body.method),
        payerData:
          customer === undefined
            ? null
            : { name: customer.name, taxId: customer.cpf_cnpj, ...(customer.email && { email: customer.email }) },
        item: pack === undefined ? { planId: plan ?? '', interval } : { packId: pack },
        successUrl: readReturnUrl(deps, 'success_url', body.success_url),
        cancelUrl: readReturnUrl(deps, 'cancel_url', body.cancel_url),
      },
    );
    return isNew ? created(presentCheckout(row)) : ok(presentCheckout(row));
  },
});
