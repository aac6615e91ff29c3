import { describe, expect, test } from 'vitest';
import { subscribe } from './testing/make-plans.ts';
import { objectsOf, typesOf } from './testing/start-stripe.ts';
import { withStripe } from './testing/with-stripe.ts';

describe('the end of a period', () => {
  test('starts the next one, drafts its invoice, and charges that an hour later', () =>
    withStripe(async (stripe, { basic }) => {
      const { customer, subscription, item } = await subscribe(stripe, basic);
      await stripe.advanceTo(item.current_period_end - 7 * 86_400);
      const announced = await stripe.takeEvents(customer.id);
      expect(objectsOf(announced, 'invoice.upcoming')).toMatchObject([
        {
          billing_reason: 'upcoming',
          amount_due: 4_900,
          lines: { data: [{ period: { start: item.current_period_end } }] },
        },
      ]);
      expect(announced[0]?.data.object).not.toHaveProperty('id');
      await stripe.advanceTo(item.current_period_end);
      const atEnd = await stripe.takeEvents(customer.id);
      expect(typesOf(atEnd)).toEqual(['invoice.created', 'customer.subscription.updated']);
      const [draft] = objectsOf(atEnd, 'invoice.created');
      expect(draft).toMatchObject({ status: 'draft', auto_advance: true, billing_reason: 'subscription_cycle' });
      const updated = atEnd[1];
      expect(updated?.data.previous_attributes).toMatchObject({
        latest_invoice: subscription.latest_invoice,
        items: { data: [{ current_period_start: item.current_period_start }] },
      });

      await stripe.advance({ hours: 1 });
      const events = await stripe.takeEvents(customer.id);
      expect(typesOf(events)).toEqual([
        'invoice.finalized',
        'payment_intent.created',
        'charge.succeeded',
        'payment_intent.succeeded',
        'invoice.updated',
        'invoice.paid',
        'invoice.payment_succeeded',
        'invoice_payment.paid',
      ]);
      const { items } = await stripe.sdk.subscriptions.retrieve(subscription.id);
      expect(items.data[0]?.current_period_start).toBe(item.current_period_end);
      expect(objectsOf(events, 'invoice.paid')[0]?.lines.data).toMatchObject([
        { amount: 4_900, period: { start: item.current_period_end, end: items.data[0]?.current_period_end } },
      ]);
    }));

  test('comes month after month in one advance, on the day of the first', () =>
    withStripe(async (stripe, { basic }) => {
      const nextYear = (await stripe.now()).getUTCFullYear() + 1;
      await stripe.advanceTo(Date.UTC(nextYear, 0, 31, 12) / 1000);
      const { customer } = await subscribe(stripe, basic);
      await stripe.advanceTo(Date.UTC(nextYear, 4, 1) / 1000);
      const invoices = objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid');
      const days = invoices.map(({ lines }) => new Date((lines.data[0]?.period.start ?? 0) * 1000).toISOString());
      const february = new Date(Date.UTC(nextYear, 2, 0)).getUTCDate();
      expect(days.map((day) => day.slice(5, 10))).toEqual([`02-${february}`, '03-31', '04-30']);
    }));

  test('ends a subscription that was cancelled for it, and charges nothing', () =>
    withStripe(async (stripe, { basic }) => {
      const { customer, subscription, item } = await subscribe(stripe, basic);
      const asked = await stripe.sdk.subscriptions.update(subscription.id, { cancel_at_period_end: true });
      expect(asked).toMatchObject({
        status: 'active',
        cancel_at: item.current_period_end,
        cancellation_details: { reason: 'cancellation_requested' },
      });
      await stripe.takeEvents(customer.id);
      await stripe.advance({ days: 40 });
      const events = await stripe.takeEvents(customer.id);
      expect(typesOf(events)).toEqual(['customer.subscription.deleted']);
      expect(objectsOf(events, 'customer.subscription.deleted')).toMatchObject([
        { status: 'canceled', ended_at: item.current_period_end },
      ]);
    }));

  test.each([
    ['keep_as_draft', 'draft', []],
    ['void', 'void', ['invoice.voided']],
    ['mark_uncollectible', 'uncollectible', ['invoice.marked_uncollectible']],
  ] as const)('of a subscription whose collection is paused (%s) leaves the invoice %s', (behavior, status, types) =>
    withStripe(async (stripe, { basic }) => {
      const { customer, subscription } = await subscribe(stripe, basic);
      await stripe.sdk.subscriptions.update(subscription.id, { pause_collection: { behavior } });
      await stripe.takeEvents(customer.id);
      await stripe.advance({ days: 32 });
      const events = await stripe.takeEvents(customer.id);
      expect(typesOf(events)).not.toContain('invoice.paid');
      expect(typesOf(events)).toEqual(expect.arrayContaining([...types]));
      const { data } = await stripe.sdk.invoices.list({ subscription: subscription.id, limit: 1 });
      expect(data).toMatchObject([{ status }]);
      expect((await stripe.sdk.subscriptions.retrieve(subscription.id)).status).toBe('active');

      await stripe.sdk.subscriptions.update(subscription.id, { pause_collection: '' });
      await stripe.advance({ days: 31 });
      expect(objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid')).toHaveLength(1);
    }),
  );
});

describe('a renewal that is declined', () => {
  test('is past due, is tried again after 3, 5 and 7 days, and ends the subscription', () =>
    withStripe(async (stripe, { basic }) => {
      const { customer, subscription, item } = await subscribe(stripe, basic);
      await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'declined' });
      await stripe.takeEvents(customer.id);
      await stripe.advanceTo(item.current_period_end + 3_600);
      const first = await stripe.takeEvents(customer.id);
      expect(typesOf(first)).toEqual(expect.arrayContaining(['charge.failed', 'invoice.payment_failed']));
      expect(objectsOf(first, 'customer.subscription.updated').at(-1)).toMatchObject({ status: 'past_due' });
      const [failed] = objectsOf(first, 'invoice.payment_failed');
      const firstTry = item.current_period_end + 3_600;
      const day = 86_400;
      expect(failed).toMatchObject({ attempt_count: 1, next_payment_attempt: firstTry + 3 * day });

      await stripe.advance({ days: 16 });
      const events = await stripe.takeEvents(customer.id);
      const attempts = objectsOf(events, 'invoice.payment_failed');
      expect(attempts.map(({ attempt_count, next_payment_attempt }) => [attempt_count, next_payment_attempt])).toEqual([
        [2, firstTry + 8 * day],
        [3, firstTry + 15 * day],
        [4, null],
      ]);
      expect(objectsOf(events, 'customer.subscription.deleted')).toMatchObject([
        { id: subscription.id, status: 'canceled', cancellation_details: { reason: 'payment_failed' } },
      ]);
      expect(typesOf(events)).not.toContain('invoice.paid');
    }));

  test('is in order again once a new card pays the next attempt', () =>
    withStripe(async (stripe, { basic }) => {
      const { customer, item } = await subscribe(stripe, basic);
      await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'declined' });
      await stripe.advanceTo(item.current_period_end + 3_600);
      await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'ok' });
      await stripe.takeEvents(customer.id);
      await stripe.advance({ days: 3 });
      const events = await stripe.takeEvents(customer.id);
      expect(objectsOf(events, 'invoice.paid')).toMatchObject([
        { billing_reason: 'subscription_cycle', attempt_count: 2 },
      ]);
      const last = events.filter(({ type }) => type === 'customer.subscription.updated').at(-1);
      expect(last?.data).toMatchObject({ object: { status: 'active' }, previous_attributes: { status: 'past_due' } });
    }));

  test('leaves the subscription unpaid when the account is set so, and its next invoice a draft', () =>
    withStripe(async (stripe, { basic }) => {
      await stripe.act('PUT', '/settings', { after_retries: 'unpaid' });
      const { customer, subscription } = await subscribe(stripe, basic);
      await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'declined' });
      await stripe.advance({ days: 70 });
      expect((await stripe.sdk.subscriptions.retrieve(subscription.id)).status).toBe('unpaid');
      const { data } = await stripe.sdk.invoices.list({ subscription: subscription.id });
      expect(data.map(({ status }) => status)).toEqual(['draft', 'open', 'paid']);
    }));
});

describe('a subscription without Checkout', () => {
  test('whose first payment nobody makes expires after 23 hours', () =>
    withStripe(async (stripe, { basic }) => {
      const customer = await stripe.sdk.customers.create();
      const subscription = await stripe.sdk.subscriptions.create({
        customer: customer.id,
        items: [{ price: basic.id }],
        payment_behavior: 'default_incomplete',
        expand: ['latest_invoice'],
      });
      expect(subscription).toMatchObject({ status: 'incomplete', latest_invoice: { status: 'open' } });
      await stripe.advance({ hours: 23 });
      expect((await stripe.sdk.subscriptions.retrieve(subscription.id)).status).toBe('incomplete_expired');
      expect(typesOf(await stripe.takeEvents(customer.id))).toContain('invoice.voided');
    }));

  test('whose first charge is declined is incomplete, and active once the invoice is paid', () =>
    withStripe(async (stripe, { basic }) => {
      const customer = await stripe.sdk.customers.create();
      const card = await stripe.sdk.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
      const subscription = await stripe.sdk.subscriptions.create({
        customer: customer.id,
        items: [{ price: basic.id }],
        default_payment_method: card.id,
      });
      expect(subscription.status).toBe('incomplete');
      const invoice = String(subscription.latest_invoice);
      await expect(stripe.sdk.invoices.pay(invoice)).rejects.toMatchObject({ type: 'StripeCardError' });
      await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'ok' });
      expect((await stripe.sdk.invoices.pay(invoice)).status).toBe('paid');
      expect((await stripe.sdk.subscriptions.retrieve(subscription.id)).status).toBe('active');
    }));

  test('ends at once when it is cancelled or its customer deleted', () =>
    withStripe(async (stripe, { basic }) => {
      const [one, other] = [await subscribe(stripe, basic), await subscribe(stripe, basic)];
      expect((await stripe.sdk.subscriptions.cancel(one.subscription.id)).status).toBe('canceled');
      await stripe.act('DELETE', `/customers/${other.customer.id}`);
      expect(typesOf(await stripe.takeEvents(other.customer.id))).toEqual([
        'customer.subscription.deleted',
        'customer.deleted',
      ]);
      expect(await stripe.sdk.customers.retrieve(other.customer.id)).toMatchObject({ deleted: true });
      await stripe.takeEvents();
      await stripe.advance({ days: 60 });
      expect(await stripe.takeEvents()).toEqual([]);
    }));
});
