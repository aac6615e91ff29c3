import type Stripe from 'stripe';
import type { TestStripe } from './start-stripe.ts';

export interface TestPlans {
  basic: Stripe.Price;
  pro: Stripe.Price;
  proYearly: Stripe.Price;
  pack: Stripe.Price;
}

/** Two plans and a pack, in reais. */
export async function makePlans({ sdk }: TestStripe): Promise<TestPlans> {
  const monthly = { interval: 'month' } as const;
  const [basic, pro, pack] = await Promise.all(
    ['Basic', 'Pro', 'Pack of credits'].map((name) => sdk.products.create({ name })),
  );
  if (!basic || !pro || !pack) throw new Error('no products');
  const currency = 'brl';
  return {
    basic: await sdk.prices.create({ currency, product: basic.id, unit_amount: 4_900, recurring: monthly }),
    pro: await sdk.prices.create({ currency, product: pro.id, unit_amount: 14_900, recurring: monthly }),
    proYearly: await sdk.prices.create({
      currency,
      product: pro.id,
      unit_amount: 149_000,
      recurring: { interval: 'year' },
    }),
    pack: await sdk.prices.create({ currency, product: pack.id, unit_amount: 2_500 }),
  };
}

const success_url = 'http://127.0.0.1:3000/thanks?session={CHECKOUT_SESSION_ID}';
const cancel_url = 'http://127.0.0.1:3000/plans';

/** A customer's open page for a subscription. */
export async function openSubscriptionPage(
  { sdk }: TestStripe,
  price: Stripe.Price,
  data: Stripe.Checkout.SessionCreateParams.SubscriptionData = {},
): Promise<{ customer: Stripe.Customer; session: Stripe.Checkout.Session }> {
  const customer = await sdk.customers.create({ email: 'owner@example.com', name: 'Owner' });
  const session = await sdk.checkout.sessions.create({
    mode: 'subscription',
    customer: customer.id,
    client_reference_id: 'org_1',
    line_items: [{ price: price.id, quantity: 1 }],
    metadata: { order: 'o_1' },
    subscription_data: { metadata: { organization: 'org_1' }, ...data },
    success_url,
    cancel_url,
  });
  return { customer, session };
}

/** A running subscription, paid by card in Checkout. Its events so far are taken away. */
export async function subscribe(
  stripe: TestStripe,
  price: Stripe.Price,
  data: Stripe.Checkout.SessionCreateParams.SubscriptionData = {},
): Promise<{ customer: Stripe.Customer; subscription: Stripe.Subscription; item: Stripe.SubscriptionItem }> {
  const { customer, session } = await openSubscriptionPage(stripe, price, data);
  await stripe.act('POST', `/checkout/${session.id}/pay`, { method: 'card', outcome: 'ok' });
  const { data: found } = await stripe.sdk.subscriptions.list({ customer: customer.id });
  const [subscription] = found;
  const item = subscription?.items.data[0];
  if (!subscription || !item) throw new Error('no subscription');
  await stripe.takeEvents(customer.id);
  return { customer, subscription, item };
}

/** A customer's open page for a pack. */
export async function openPackPage(
  { sdk }: TestStripe,
  price: Stripe.Price,
): Promise<{ customer: Stripe.Customer; session: Stripe.Checkout.Session }> {
  const customer = await sdk.customers.create({ email: 'buyer@example.com' });
  const session = await sdk.checkout.sessions.create({
    mode: 'payment',
    customer: customer.id,
    line_items: [{ price: price.id, quantity: 2 }],
    payment_intent_data: { metadata: { order: 'o_2' } },
    success_url,
    cancel_url,
  });
  return { customer, session };
}
