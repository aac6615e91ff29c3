import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePlans, subscribe, type TestPlans } from './testing/make-plans.ts';
import { objectsOf, startStripe, type TestStripe, typesOf } from './testing/start-stripe.ts';

let stripe: TestStripe;
let plans: TestPlans;
beforeAll(async () => {
  stripe = await startStripe();
  plans = await makePlans(stripe);
});
afterAll(() => stripe.close());

const share = (amount: number, from: number, period: { current_period_start: number; current_period_end: number }) =>
  Math.round((amount * (period.current_period_end - from)) / (period.current_period_end - period.current_period_start));

async function upgrade(subscription: string, item: string) {
  return stripe.sdk.subscriptions.update(subscription, {
    items: [{ id: item, price: plans.pro.id }],
    proration_behavior: 'always_invoice',
    payment_behavior: 'pending_if_incomplete',
  });
}

describe('an upgrade', () => {
  test('is billed at once: credit for the rest of the old price, charge for the rest of the new one, to the second', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.basic);
    await stripe.advance({ days: 10 });
    const date = Math.floor((await stripe.now()).getTime() / 1000);
    const preview = await stripe.sdk.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: {
        items: [{ id: item.id, price: plans.pro.id }],
        proration_behavior: 'always_invoice',
        proration_date: date,
      },
    });
    const updated = await stripe.sdk.subscriptions.update(subscription.id, {
      items: [{ id: item.id, price: plans.pro.id }],
      proration_behavior: 'always_invoice',
      payment_behavior: 'pending_if_incomplete',
      proration_date: date,
    });
    expect(updated.items.data).toMatchObject([
      { id: item.id, price: { id: plans.pro.id }, current_period_end: item.current_period_end },
    ]);
    const events = await stripe.takeEvents(customer.id);
    const [invoice] = objectsOf(events, 'invoice.paid');
    expect(invoice?.billing_reason).toBe('subscription_update');
    const period = { start: date, end: item.current_period_end };
    const parent = { subscription_item_details: { proration: true, subscription_item: item.id } };
    expect(invoice?.lines.data).toMatchObject([
      { amount: -share(4_900, date, item), period, pricing: { price_details: { price: plans.basic.id } }, parent },
      { amount: share(14_900, date, item), period, pricing: { price_details: { price: plans.pro.id } }, parent },
    ]);
    expect(invoice?.amount_paid).toBe(share(14_900, date, item) - share(4_900, date, item));
    expect(invoice?.lines.data[0]?.parent?.subscription_item_details?.proration_details?.credited_items?.invoice).toBe(
      subscription.latest_invoice,
    );
    expect(preview.total).toBe(invoice?.total);
    const types = typesOf(events);
    expect(types.indexOf('invoice.paid')).toBeLessThan(types.indexOf('customer.subscription.updated'));
  });

  test('that is not paid changes no price until it is', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.basic);
    await stripe.advance({ days: 3 });
    await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'declined' });
    const pending = await upgrade(subscription.id, item.id);
    expect(pending).toMatchObject({
      status: 'active',
      items: { data: [{ price: { id: plans.basic.id } }] },
      pending_update: { subscription_items: [{ price: { id: plans.pro.id } }] },
    });
    await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'ok' });
    await stripe.takeEvents(customer.id);
    await stripe.sdk.invoices.pay(String(pending.latest_invoice));
    expect(typesOf(await stripe.takeEvents(customer.id))).toEqual(
      expect.arrayContaining([
        'invoice.paid',
        'customer.subscription.updated',
        'customer.subscription.pending_update_applied',
      ]),
    );
    const after = await stripe.sdk.subscriptions.retrieve(subscription.id);
    expect(after).toMatchObject({ pending_update: null, items: { data: [{ price: { id: plans.pro.id } }] } });
  });

  test('that stays unpaid for 23 hours is forgotten, and its invoice void', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.basic);
    await stripe.advance({ days: 1 });
    await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'declined' });
    const { latest_invoice } = await upgrade(subscription.id, item.id);
    await stripe.advance({ hours: 23 });
    const events = await stripe.takeEvents(customer.id);
    expect(typesOf(events)).toContain('customer.subscription.pending_update_expired');
    expect(objectsOf(events, 'invoice.voided')).toMatchObject([{ id: latest_invoice }]);
    const after = await stripe.sdk.subscriptions.retrieve(subscription.id);
    expect(after).toMatchObject({ pending_update: null, items: { data: [{ price: { id: plans.basic.id } }] } });
  });

  test('gives way to the next one while it waits, and what is there already costs nothing', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.basic);
    await stripe.advance({ days: 1 });
    await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'declined' });
    const first = await upgrade(subscription.id, item.id);
    await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'ok' });
    const second = await upgrade(subscription.id, item.id);
    expect(second).toMatchObject({ pending_update: null, items: { data: [{ price: { id: plans.pro.id } }] } });
    expect((await stripe.sdk.invoices.retrieve(String(first.latest_invoice))).status).toBe('void');
    await stripe.takeEvents(customer.id);
    await upgrade(subscription.id, item.id);
    expect(await stripe.takeEvents(customer.id)).toEqual([]);
  });

  test('with create_prorations is billed with the next period', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.basic);
    await stripe.advance({ days: 5 });
    const now = Math.floor((await stripe.now()).getTime() / 1000);
    await stripe.sdk.subscriptions.update(subscription.id, {
      items: [{ id: item.id, price: plans.pro.id }],
      proration_date: now,
    });
    expect(typesOf(await stripe.takeEvents(customer.id))).toEqual([
      'invoiceitem.created',
      'invoiceitem.created',
      'customer.subscription.updated',
    ]);
    await stripe.advanceTo(item.current_period_end + 3_600);
    const [invoice] = objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid');
    expect(invoice?.lines.data.map(({ amount }) => amount)).toEqual([
      -share(4_900, now, item),
      share(14_900, now, item),
      14_900,
    ]);
    expect(invoice?.lines.data.map(({ parent }) => parent?.subscription_item_details?.proration)).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('to a yearly price starts the year now and takes the rest of the month off', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.pro);
    await stripe.advance({ days: 10 });
    const updated = await stripe.sdk.subscriptions.update(subscription.id, {
      items: [{ id: item.id, price: plans.proYearly.id }],
      proration_behavior: 'always_invoice',
    });
    const yearly = updated.items.data[0];
    const start = Number(yearly?.current_period_start);
    const [invoice] = objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid');
    expect(invoice?.lines.data).toMatchObject([
      { amount: -share(14_900, start, item), parent: { subscription_item_details: { proration: true } } },
      {
        amount: 149_000,
        period: { start, end: yearly?.current_period_end },
        parent: { subscription_item_details: { proration: false } },
      },
    ]);
    expect(updated.billing_cycle_anchor).toBe(start);
  });

  test('to a declined card fails or leaves the subscription past due, as the caller chose', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.basic);
    await stripe.advance({ days: 2 });
    await stripe.act('POST', `/customers/${customer.id}/card`, { outcome: 'declined' });
    const change = {
      items: [{ id: item.id, price: plans.pro.id }],
      proration_behavior: 'always_invoice' as const,
    };
    await expect(
      stripe.sdk.subscriptions.update(subscription.id, { ...change, payment_behavior: 'error_if_incomplete' }),
    ).rejects.toMatchObject({ type: 'StripeCardError', statusCode: 402 });
    const { items } = await stripe.sdk.subscriptions.retrieve(subscription.id);
    expect(items.data[0]?.price.id).toBe(plans.basic.id);
    const changed = await stripe.sdk.subscriptions.update(subscription.id, change);
    expect(changed).toMatchObject({ status: 'past_due', items: { data: [{ price: { id: plans.pro.id } }] } });
  });

  test('takes no other fields together with a pending update', async () => {
    const { subscription, item } = await subscribe(stripe, plans.basic);
    await expect(
      stripe.sdk.subscriptions.update(subscription.id, {
        items: [{ id: item.id, price: plans.pro.id }],
        payment_behavior: 'pending_if_incomplete',
        metadata: { plan: 'pro' },
      }),
    ).rejects.toMatchObject({ param: 'metadata' });
  });
});

describe('a downgrade', () => {
  test('by a schedule begins with the next period, at the lower price', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.pro);
    const schedule = await stripe.sdk.subscriptionSchedules.create({ from_subscription: subscription.id });
    const [current] = schedule.phases;
    await stripe.sdk.subscriptionSchedules.update(schedule.id, {
      end_behavior: 'release',
      phases: [
        {
          items: [{ price: plans.pro.id, quantity: 1 }],
          start_date: Number(current?.start_date),
          end_date: Number(current?.end_date),
        },
        {
          items: [{ price: plans.basic.id, quantity: 1 }],
          duration: { interval: 'month', interval_count: 1 },
          proration_behavior: 'none',
        },
      ],
    });
    expect((await stripe.sdk.subscriptions.retrieve(subscription.id)).schedule).toBe(schedule.id);
    await expect(stripe.sdk.subscriptions.update(subscription.id, { cancel_at_period_end: true })).rejects.toThrow(
      'managed by the subscription schedule',
    );
    await stripe.takeEvents(customer.id);

    await stripe.advanceTo(item.current_period_end + 3_600);
    const events = await stripe.takeEvents(customer.id);
    expect(typesOf(events)).toContain('subscription_schedule.updated');
    expect(objectsOf(events, 'customer.subscription.updated')).toMatchObject([
      { items: { data: [{ id: item.id, price: { id: plans.basic.id } }] } },
    ]);
    expect(objectsOf(events, 'invoice.paid')).toMatchObject([{ amount_paid: 4_900, lines: { data: [{}] } }]);

    await stripe.advance({ days: 32 });
    const later = await stripe.takeEvents(customer.id);
    expect(objectsOf(later, 'subscription_schedule.released')).toMatchObject([
      { status: 'released', released_subscription: subscription.id },
    ]);
    expect(objectsOf(later, 'invoice.paid')).toMatchObject([{ amount_paid: 4_900 }]);
    expect((await stripe.sdk.subscriptions.retrieve(subscription.id)).schedule).toBeNull();
  });

  test('that is released before its time does not happen', async () => {
    const { subscription, item } = await subscribe(stripe, plans.pro);
    await stripe.act('POST', `/subscriptions/${subscription.id}/portal`, { action: 'change', price: plans.basic.id });
    const { schedule } = await stripe.sdk.subscriptions.retrieve(subscription.id);
    await stripe.sdk.subscriptionSchedules.release(String(schedule));
    await stripe.advanceTo(item.current_period_end + 3_600);
    const after = await stripe.sdk.subscriptions.retrieve(subscription.id);
    expect(after).toMatchObject({ schedule: null, items: { data: [{ price: { id: plans.pro.id } }] } });
  });

  test('that is billed at once leaves the customer credit, and the next invoice uses it', async () => {
    const { customer, subscription, item } = await subscribe(stripe, plans.pro);
    const now = item.current_period_start;
    await stripe.sdk.subscriptions.update(subscription.id, {
      items: [{ id: item.id, price: plans.basic.id }],
      proration_behavior: 'always_invoice',
      proration_date: now,
    });
    const [credit] = objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid');
    expect(credit).toMatchObject({ total: -10_000, amount_due: 0, amount_paid: 0, ending_balance: -10_000 });
    await stripe.advanceTo(item.current_period_end + 3_600);
    const [next] = objectsOf(await stripe.takeEvents(customer.id), 'invoice.paid');
    expect(next).toMatchObject({ total: 4_900, amount_due: 0, starting_balance: -10_000, ending_balance: -5_100 });
  });
});
