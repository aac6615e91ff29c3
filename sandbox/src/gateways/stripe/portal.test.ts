import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePlans, subscribe, type TestPlans } from './testing/make-plans.ts';
import { objectsOf, startStripe, type TestStripe, typesOf } from './testing/start-stripe.ts';

let stripe: TestStripe;
let plans: TestPlans;
beforeAll(async () => {
  stripe = await startStripe();
  plans = await makePlans(stripe);
});
afterAll(() => stripe.close());

const act = (subscription: string, action: string, price?: string) =>
  stripe.act('POST', `/subscriptions/${subscription}/portal`, { action, price });

test('the portal cancels for the end of the period and takes that back', async () => {
  const { customer, subscription, item } = await subscribe(stripe, plans.basic);
  await act(subscription.id, 'cancel');
  expect(await stripe.sdk.subscriptions.retrieve(subscription.id)).toMatchObject({
    cancel_at_period_end: true,
    cancel_at: item.current_period_end,
  });
  await act(subscription.id, 'resume');
  await stripe.takeEvents(customer.id);
  await stripe.advanceTo(item.current_period_end + 3_600);
  expect(objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid')).toHaveLength(1);
});

test('a dearer price is billed at once, a cheaper one waits for the next period', async () => {
  const { customer, subscription } = await subscribe(stripe, plans.basic);
  await stripe.advance({ days: 1 });
  await act(subscription.id, 'change', plans.pro.id);
  expect(objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid')).toMatchObject([
    { billing_reason: 'subscription_update' },
  ]);
  await act(subscription.id, 'change', plans.basic.id);
  expect(typesOf(await stripe.takeEvents(customer.id))).not.toContain('invoice.created');
  expect(await stripe.sdk.subscriptions.retrieve(subscription.id, { expand: ['schedule'] })).toMatchObject({
    items: { data: [{ price: { id: plans.pro.id } }] },
    schedule: { phases: [{}, { items: [{ price: plans.basic.id }] }] },
  });
});

test('the portal does what the newest configuration says', async () => {
  const own = await startStripe();
  try {
    const { basic } = await makePlans(own);
    const { subscription } = await subscribe(own, basic);
    await own.sdk.billingPortal.configurations.create({
      features: { subscription_cancel: { enabled: true, mode: 'immediately' } },
    });
    await own.act('POST', `/subscriptions/${subscription.id}/portal`, { action: 'cancel' });
    expect((await own.sdk.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
  } finally {
    await own.close();
  }
});

test('its page has all that can be clicked', async () => {
  const { customer, subscription } = await subscribe(stripe, plans.basic);
  const session = await stripe.sdk.billingPortal.sessions.create({
    customer: customer.id,
    return_url: 'http://127.0.0.1:3000/account',
    flow_data: { type: 'subscription_cancel', subscription_cancel: { subscription: subscription.id } },
  });
  const html = await (await fetch(session.url)).text();
  expect(html).toContain('Change to Pro, R$ 149,00 a month');
  expect(html).toContain('http://127.0.0.1:3000/account');
  const body = new URLSearchParams({ action: 'change', subscription: subscription.id, price: plans.pro.id });
  const answer = await fetch(session.url, { method: 'POST', body, redirect: 'manual' });
  expect(answer.status).toBe(303);
  const after = await stripe.sdk.subscriptions.retrieve(subscription.id);
  expect(after.items.data[0]?.price.id).toBe(plans.pro.id);
});

test('the page of an invoice takes the payment that has failed', async () => {
  const { customer, item, subscription } = await subscribe(stripe, plans.basic);
  await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'declined' });
  await stripe.advanceTo(item.current_period_end + 3_600);
  const { data } = await stripe.sdk.invoices.list({ subscription: subscription.id, status: 'open' });
  const url = String(data[0]?.hosted_invoice_url);
  expect(await (await fetch(url)).text()).toContain('Pay now');
  await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'ok' });
  expect(await (await fetch(url, { method: 'POST' })).text()).not.toContain('Pay now');
  expect((await stripe.sdk.subscriptions.retrieve(subscription.id)).status).toBe('active');
});
