import { nowSeconds } from '../account.ts';
import { requireCustomer } from '../customers/customers.ts';
import { emitEvent } from '../emit-event.ts';
import { newId } from '../new-id.ts';
import type { Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { requireSubscription } from '../subscriptions/subscriptions.ts';
import { defaultConfiguration, requireConfiguration } from './configurations.ts';

const flows = [
  'customer_update',
  'payment_method_update',
  'subscription_cancel',
  'subscription_update',
  'subscription_update_confirm',
] as const;

/** POST /billing_portal/sessions: a link to the customer's own page, good for a while. */
export const createPortalSession: StripeHandler = ({ account, params }) => {
  const customer = requireCustomer(account, params.requiredText('customer'), 'customer');
  const named = params.text('configuration');
  const configuration =
    named === undefined ? defaultConfiguration(account) : requireConfiguration(account, named, 'configuration');
  const returnUrl = params.text('return_url') ?? null;
  const flowData = params.group('flow_data');
  const flow = flowData ? readFlow(flowData) : null;
  const subscription = flow?.subscription;
  params.ignore('locale');
  params.done();
  if (subscription) requireSubscription(account, subscription, 'flow_data');
  const id = newId('bps');
  const session = {
    id,
    object: 'billing_portal.session' as const,
    configuration: configuration.id,
    created: nowSeconds(account),
    customer: customer.id,
    customer_account: null,
    flow: flow && {
      after_completion: { hosted_confirmation: null, redirect: null, type: 'portal_homepage' },
      subscription_cancel: null,
      subscription_update: null,
      subscription_update_confirm: null,
      type: flow.type,
      ...(subscription && { [flow.type]: { subscription, retention: null } }),
    },
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: returnUrl,
    url: `${account.origin}/_sandbox/stripe/pages/portal/${id}`,
  };
  account.portalSessions.add(session);
  emitEvent(account, 'billing_portal.session.created', session);
  return session;
};

function readFlow(params: Params) {
  const type = params.choice('type', flows);
  if (type === undefined) throw params.missing('type');
  const details = params.group(type);
  const subscription = details?.requiredText('subscription');
  details?.ignore('retention', 'items', 'discounts');
  params.ignore('after_completion');
  return { type, subscription };
}
