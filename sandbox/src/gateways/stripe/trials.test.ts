import { describe, expect, test } from 'vitest';
import { openSubscriptionPage, subscribe } from './testing/make-plans.ts';
import { objectsOf, typesOf } from './testing/start-stripe.ts';
import { withStripe } from './testing/with-stripe.ts';

describe('a trial', () => {
  test('starts with a paid invoice of nothing, warns three days before its end, and is charged then', () =>
    withStripe(async (stripe, { pro }) => {
      const { customer, session } = await openSubscriptionPage(stripe, pro, { trial_period_days: 7 });
      expect(session.amount_total).toBe(0);
      await stripe.act('POST', `/checkout/${session.id}/pay`, { method: 'card', outcome: 'ok' });
      const started = await stripe.takeEvents(customer.id);
      const [subscription] = objectsOf(started, 'customer.subscription.created');
      expect(subscription).toMatchObject({ status: 'trialing' });
      expect(objectsOf(started, 'invoice.paid')).toMatchObject([
        {
          amount_paid: 0,
          billing_reason: 'subscription_create',
          lines: { data: [{ amount: 0, period: { end: subscription?.trial_end } }] },
        },
      ]);
      expect(typesOf(started)).not.toContain('charge.succeeded');
      expect(objectsOf(started, 'checkout.session.completed')).toMatchObject([
        { payment_status: 'no_payment_required' },
      ]);

      await stripe.advance({ days: 4 });
      expect(typesOf(await stripe.takeEvents(customer.id))).toEqual(['customer.subscription.trial_will_end']);
      await stripe.advanceTo(Number(subscription?.trial_end));
      const over = await stripe.takeEvents(customer.id);
      expect(objectsOf(over, 'customer.subscription.updated')).toMatchObject([{ status: 'active' }]);
      await stripe.advance({ hours: 1 });
      expect(objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid')).toMatchObject([
        {
          amount_paid: 14_900,
          billing_reason: 'subscription_cycle',
          lines: { data: [{ period: { start: subscription?.trial_end } }] },
        },
      ]);
    }));

  test.each([
    ['cancel', 'canceled', 'customer.subscription.deleted'],
    ['pause', 'paused', 'customer.subscription.paused'],
  ] as const)('without a card and set to %s leaves the subscription %s', (behavior, status, type) =>
    withStripe(async (stripe, { pro }) => {
      const customer = await stripe.sdk.customers.create();
      const session = await stripe.sdk.checkout.sessions.create({
        mode: 'subscription',
        customer: customer.id,
        line_items: [{ price: pro.id, quantity: 1 }],
        payment_method_collection: 'if_required',
        subscription_data: {
          trial_period_days: 5,
          trial_settings: { end_behavior: { missing_payment_method: behavior } },
        },
        success_url: 'http://127.0.0.1/thanks',
      });
      await stripe.act('POST', `/checkout/${session.id}/pay`);
      await stripe.advance({ days: 5 });
      const events = await stripe.takeEvents(customer.id);
      expect(typesOf(events)).toContain(type);
      const { data } = await stripe.sdk.subscriptions.list({ customer: customer.id, status: 'all' });
      expect(data).toMatchObject([{ status }]);
    }),
  );

  test('that was paused for want of a card goes on when there is one, and is charged', () =>
    withStripe(async (stripe, { pro }) => {
      const customer = await stripe.sdk.customers.create();
      const { id } = await stripe.sdk.subscriptions.create({
        customer: customer.id,
        items: [{ price: pro.id }],
        trial_period_days: 3,
        trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
      });
      await stripe.advance({ days: 4 });
      await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'ok' });
      await stripe.takeEvents(customer.id);
      expect((await stripe.sdk.subscriptions.resume(id)).status).toBe('active');
      const events = await stripe.takeEvents(customer.id);
      expect(typesOf(events)).toContain('customer.subscription.resumed');
      expect(objectsOf(events, 'invoice.paid')).toMatchObject([{ amount_paid: 14_900 }]);
    }));

  test('cut short is charged at once, and its warning comes with the payment', () =>
    withStripe(async (stripe, { pro }) => {
      const { customer, subscription } = await subscribe(stripe, pro, { trial_period_days: 14 });
      await stripe.advance({ days: 1 });
      await stripe.sdk.subscriptions.update(subscription.id, { trial_end: 'now' });
      const events = await stripe.takeEvents(customer.id);
      expect(typesOf(events)).toContain('customer.subscription.trial_will_end');
      expect(objectsOf(events, 'invoice.paid')).toMatchObject([{ amount_paid: 14_900 }]);
    }));
});
