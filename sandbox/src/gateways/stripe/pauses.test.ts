import { expect, test } from 'vitest';
import { subscribe } from './testing/make-plans.ts';
import { objectsOf, typesOf } from './testing/start-stripe.ts';
import { withStripe } from './testing/with-stripe.ts';

test('a paused subscription is not billed; resumed, it is charged a new period less what was left of the old one', () =>
  withStripe(async (stripe, { pro }) => {
    const { customer, subscription, item } = await subscribe(stripe, pro);
    await stripe.advanceTo(item.current_period_start + 10 * 86_400);
    expect((await stripe.sdk.subscriptions.pause(subscription.id)).status).toBe('paused');
    const paused = await stripe.takeEvents(customer.id);
    expect(typesOf(paused)).toEqual([
      'invoiceitem.created',
      'customer.subscription.updated',
      'customer.subscription.paused',
    ]);
    const [credit] = objectsOf(paused, 'invoiceitem.created');
    expect(credit?.amount).toBeLessThan(0);
    await stripe.advance({ days: 60 });
    expect(await stripe.takeEvents(customer.id)).toEqual([]);

    const resumed = await stripe.sdk.subscriptions.resume(subscription.id, { billing_cycle_anchor: { type: 'now' } });
    const now = Math.floor((await stripe.now()).getTime() / 1000);
    expect(resumed.status).toBe('active');
    expect(Math.abs(now - Number(resumed.items.data[0]?.current_period_start))).toBeLessThanOrEqual(1);
    const [invoice] = objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid');
    expect(invoice?.lines.data.map(({ amount }) => amount)).toEqual([credit?.amount, 14_900]);
    await stripe.advanceTo(Number(resumed.items.data[0]?.current_period_end) + 3_600);
    expect(objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid')).toMatchObject([{ amount_paid: 14_900 }]);
  }));

test('with its credit invoiced at once, the customer has a balance', () =>
  withStripe(async (stripe, { pro }) => {
    const { customer, subscription } = await subscribe(stripe, pro);
    await stripe.sdk.subscriptions.pause(subscription.id, {
      invoicing_behavior: 'invoice',
      bill_for: { unused_time_from: { type: 'item_current_period_start' } },
    });
    expect(await stripe.sdk.customers.retrieve(customer.id)).toMatchObject({ balance: -14_900 });
  }));

test('a subscription with a schedule, or one that is paused already, cannot be paused', () =>
  withStripe(async (stripe, { pro }) => {
    const { subscription } = await subscribe(stripe, pro);
    const schedule = await stripe.sdk.subscriptionSchedules.create({ from_subscription: subscription.id });
    await expect(stripe.sdk.subscriptions.pause(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
    await stripe.sdk.subscriptionSchedules.release(schedule.id);
    await stripe.sdk.subscriptions.pause(subscription.id);
    await expect(stripe.sdk.subscriptions.pause(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
    await expect(stripe.sdk.subscriptions.resume(subscription.id)).resolves.toMatchObject({ status: 'active' });
  }));
