import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePlans, openPackPage, subscribe } from './testing/make-plans.ts';
import { startStripe, type TestStripe } from './testing/start-stripe.ts';

const folder = path.resolve(import.meta.dirname, '../../../../../shared/vectors/stripe/openapi_fixtures3');
const isThere = existsSync(folder);
if (!isThere) process.stderr.write(`Stripe's sample objects are not at ${folder}: shapes are not compared\n`);

/** Fields of the samples that this API version no longer has. */
const gone = new Map([['invoice', ['subscription']]]);

let stripe: TestStripe;
const objects = new Map<string, object>();
beforeAll(async () => {
  stripe = await startStripe();
  const { basic, pack } = await makePlans(stripe);
  const { customer, subscription, item } = await subscribe(stripe, basic);
  const { sdk } = stripe;
  const { session } = await openPackPage(stripe, pack);
  await stripe.act('POST', `/checkout/${session.id}/pay`);
  const paid = await sdk.checkout.sessions.retrieve(session.id, { expand: ['payment_intent.latest_charge'] });
  const intent = typeof paid.payment_intent === 'object' ? paid.payment_intent : null;
  const charge = typeof intent?.latest_charge === 'object' ? intent.latest_charge : null;
  if (!intent || !charge) throw new Error('not paid');
  const refund = await sdk.refunds.create({ charge: charge.id, amount: 100 });
  await stripe.act('POST', `/payment_intents/${intent.id}/dispute`, { amount: 100 });
  const [dispute] = (await sdk.disputes.list()).data;
  const invoice = await sdk.invoices.retrieve(String(subscription.latest_invoice));
  const [invoicePayment] = (await sdk.invoicePayments.list({ invoice: invoice.id })).data;
  const portal = await sdk.billingPortal.sessions.create({ customer: customer.id });
  const [event] = (await sdk.events.list()).data;
  const found = {
    customer,
    product: await sdk.products.retrieve(String(basic.product)),
    price: basic,
    subscription,
    subscription_item: item,
    subscription_schedule: await sdk.subscriptionSchedules.create({ from_subscription: subscription.id }),
    'checkout.session': session,
    payment_intent: await sdk.paymentIntents.retrieve(intent.id),
    payment_method: await sdk.paymentMethods.retrieve(String(subscription.default_payment_method)),
    charge: await sdk.charges.retrieve(charge.id, { expand: ['refunds'] }),
    refund,
    dispute,
    invoice,
    line_item: invoice.lines.data[0],
    invoice_payment: invoicePayment,
    'billing_portal.session': portal,
    'billing_portal.configuration': await sdk.billingPortal.configurations.retrieve(String(portal.configuration)),
    event,
  };
  for (const [kind, object] of Object.entries(found)) if (object) objects.set(kind, object);
});
afterAll(() => stripe.close());

describe.skipIf(!isThere)('an object has every field of Stripe’s sample', () => {
  test.each([
    'customer',
    'product',
    'price',
    'subscription',
    'subscription_item',
    'subscription_schedule',
    'checkout.session',
    'payment_intent',
    'payment_method',
    'charge',
    'refund',
    'dispute',
    'invoice',
    'line_item',
    'invoice_payment',
    'billing_portal.session',
    'billing_portal.configuration',
    'event',
  ])('%s', (kind) => {
    const sample: object = JSON.parse(readFileSync(path.join(folder, `${kind}.json`), 'utf8'));
    const object = objects.get(kind);
    expect(object).toBeDefined();
    const has = new Set(Object.keys(object ?? {}));
    const missing = Object.keys(sample).filter((name) => !has.has(name) && !gone.get(kind)?.includes(name));
    expect(missing).toEqual([]);
  });
});
