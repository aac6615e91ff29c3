import { at, nowSeconds, type StripeAccount } from '../account.ts';
import type { CheckoutSession } from '../billing-objects.ts';
import { type NewPrice, readInlinePrice, requirePrice, storePrice } from '../catalog/prices.ts';
import { requireCustomer } from '../customers/customers.ts';
import { emitEvent } from '../emit-event.ts';
import { listPage, pageOf, readPageQuery } from '../list-page.ts';
import type { Price } from '../objects.ts';
import type { Params } from '../params.ts';
import { amountMin } from '../payments/payment-intents.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { readTrialWithoutCard } from '../subscriptions/subscriptions.ts';
import { buildLineItem, buildSession, type SessionFields } from './build-session.ts';

const shortestSeconds = 30 * 60;
const longestSeconds = 24 * 3_600;
/** Stripe measures from its own clock; a call that was under way for a moment is not refused. */
const slackSeconds = 60;
/** Documented fields that change nothing here. */
const ignored = [
  'adaptive_pricing',
  'allow_promotion_codes',
  'allowed_payment_method_types',
  'automatic_tax',
  'billing_address_collection',
  'branding_settings',
  'consent_collection',
  'custom_text',
  'customer_update',
  'excluded_payment_method_types',
  'name_collection',
  'payment_method_options',
  'phone_number_collection',
  'saved_payment_method_options',
  'submit_type',
  'tax_id_collection',
];

interface WantedItem {
  price: Price;
  made: NewPrice | null;
  quantity: number;
}

export const createSession: StripeHandler = ({ account, params }) => {
  const mode = params.choice('mode', ['payment', 'subscription']);
  if (mode === undefined) throw params.missing('mode');
  const wanted = readItems(account, params);
  const customer = params.text('customer') ?? null;
  if (customer !== null) requireCustomer(account, customer, 'customer');
  const invoice = mode === 'payment' ? params.group('invoice_creation') : undefined;
  const subscription = mode === 'subscription' ? params.group('subscription_data') : undefined;
  const payment = mode === 'payment' ? params.group('payment_intent_data') : undefined;
  const fields = {
    mode,
    customer,
    customerEmail: params.text('customer_email') ?? null,
    customerCreation:
      mode === 'payment' ? (params.choice('customer_creation', ['always', 'if_required']) ?? null) : null,
    clientReferenceId: params.text('client_reference_id') ?? null,
    hasInvoice: invoice?.flag('enabled') ?? false,
    invoiceMetadata: invoice?.group('invoice_data')?.metadata() ?? {},
    isCardOptional: params.choice('payment_method_collection', ['always', 'if_required']) === 'if_required',
    expiresAt: readExpiry(account, params),
    metadata: params.metadata(),
    successUrl: params.text('success_url') ?? null,
    cancelUrl: params.text('cancel_url') ?? null,
    locale: params.text('locale') ?? null,
  };
  const plan = {
    paymentMetadata: payment?.metadata() ?? {},
    paymentDescription: payment?.text('description') ?? null,
    keepsCard: payment?.choice('setup_future_usage', ['off_session', 'on_session']) !== undefined,
    hasInvoice: fields.hasInvoice,
    invoiceMetadata: fields.invoiceMetadata,
    subscriptionMetadata: subscription?.metadata() ?? {},
    subscriptionDescription: subscription?.text('description') ?? null,
    ...readTrial(account, subscription),
    isCardOptional: fields.isCardOptional,
    begunPayment: null,
  };
  payment?.ignore('receipt_email', 'statement_descriptor', 'statement_descriptor_suffix');
  subscription?.ignore('proration_behavior', 'billing_mode');
  params.choice('ui_mode', ['hosted_page']);
  params.ignore(...ignored);
  params.done();
  checkWanted(fields, wanted);
  const lineItems = wanted.map(({ price, made, quantity }) =>
    buildLineItem(account, made ? storePrice(account, made) : price, quantity),
  );
  const currency = lineItems[0]?.price.currency ?? 'brl';
  const isTrial = plan.trialEnd !== null || plan.trialDays !== null;
  const session = account.sessions.add(buildSession(account, { ...fields, lineItems, currency, isTrial }));
  account.checkoutPlans.set(session.id, { ...plan, lineItems });
  at(account, session.expires_at, () => {
    if (session.status === 'open') expire(account, session);
  });
  return session;
};

export const retrieveSession: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requireSession(account, id);
};

export const listSessions: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const [customer, paymentIntent] = [params.text('customer'), params.text('payment_intent')];
  const subscription = params.text('subscription');
  const status = params.choice('status', ['open', 'complete', 'expired']);
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.sessions,
    '/v1/checkout/sessions',
    page,
    (session) =>
      (customer === undefined || session.customer === customer) &&
      (paymentIntent === undefined || session.payment_intent === paymentIntent) &&
      (subscription === undefined || session.subscription === subscription) &&
      (status === undefined || session.status === status) &&
      isCreated(session.created),
  );
};

export const listLineItems: StripeHandler = ({ account, params, id }) => {
  const page = readPageQuery(params);
  params.done();
  const session = requireSession(account, id);
  const lineItems = account.checkoutPlans.get(session.id)?.lineItems ?? [];
  return pageOf(lineItems, `/v1/checkout/sessions/${id}/line_items`, page);
};

export const expireSession: StripeHandler = ({ account, params, id }) => {
  params.done();
  const session = requireSession(account, id);
  if (session.status !== 'open') {
    throw new StripeError(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
    );
  }
  expire(account, session);
  return session;
};

export function requireSession(account: StripeAccount, id: string): CheckoutSession {
  const session = account.sessions.find(id);
  if (!session) throw noSuch('checkout.session', id);
  return session;
}

function expire(account: StripeAccount, session: CheckoutSession): void {
  Object.assign(session, { status: 'expired', url: null });
  emitEvent(account, 'checkout.session.expired', session);
}

function readItems(account: StripeAccount, params: Params): WantedItem[] {
  return params.groups('line_items').map((item) => {
    const data = item.group('price_data');
    const made = data ? readInlinePrice(account, data) : null;
    const price = made?.price ?? requirePrice(account, item.requiredText('price'), item.pathOf('price'));
    item.ignore('adjustable_quantity');
    const quantity = item.integer('quantity', { min: 1, max: 999_999 });
    if (quantity === undefined) throw item.missing('quantity');
    return { price, made, quantity };
  });
}

type Checked = Pick<SessionFields, 'mode' | 'successUrl' | 'customer' | 'customerEmail'>;

function checkWanted(fields: Checked, wanted: WantedItem[]): void {
  if (wanted.length === 0) {
    throw new StripeError('Missing required param: line_items.', { code: 'parameter_missing', param: 'line_items' });
  }
  if (fields.customer !== null && fields.customerEmail !== null) {
    throw new StripeError('You may only specify one of these parameters: customer, customer_email.');
  }
  if (fields.successUrl === null || !URL.canParse(fields.successUrl.replace('{CHECKOUT_SESSION_ID}', 'id'))) {
    throw new StripeError('Not a valid URL', { code: 'url_invalid', param: 'success_url' });
  }
  const recurring = wanted.filter(({ price }) => price.recurring !== null);
  if (fields.mode === 'payment' && recurring.length > 0) {
    throw new StripeError(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      { param: 'line_items' },
    );
  }
  if (fields.mode === 'subscription' && recurring.length < wanted.length) {
    const message =
      recurring.length === 0
        ? 'You must provide at least one recurring price in `subscription` mode when using prices.'
        : 'The sandbox sells no one-time prices together with a subscription.';
    throw new StripeError(message, { param: 'line_items' });
  }
  if (new Set(wanted.map(({ price }) => price.currency)).size > 1) {
    throw new StripeError('All line items must have the same currency.', { param: 'line_items' });
  }
  if (wanted.some(({ price, made }) => !made && !price.active)) {
    throw new StripeError('The price specified is inactive. This field only accepts active prices.', {
      param: 'line_items',
    });
  }
  const total = wanted.reduce((sum, { price, quantity }) => sum + price.unit_amount * quantity, 0);
  if (fields.mode === 'payment' && total > 0 && total < amountMin) {
    throw new StripeError('The Checkout Session total must be at least R$ 0.50.', { code: 'amount_too_small' });
  }
}

function readExpiry(account: StripeAccount, params: Params): number {
  const now = nowSeconds(account);
  const expiresAt = params.integer('expires_at') ?? now + longestSeconds;
  if (expiresAt < now + shortestSeconds - slackSeconds || expiresAt > now + longestSeconds + slackSeconds) {
    throw new StripeError(
      'The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.',
      { param: 'expires_at' },
    );
  }
  return expiresAt;
}

function readTrial(account: StripeAccount, subscription: Params | undefined) {
  return {
    trialDays: subscription?.integer('trial_period_days', { min: 1, max: 730 }) ?? null,
    trialEnd: subscription?.integer('trial_end', { min: nowSeconds(account) + 48 * 3_600 }) ?? null,
    trialWithoutCard: subscription ? readTrialWithoutCard(subscription) : ('create_invoice' as const),
  };
}
