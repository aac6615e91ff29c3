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

const day = 86_400;

test('a phase that begins in the middle of a period is billed as a change of price', async () => {
  const { customer, subscription, item } = await subscribe(stripe, plans.basic);
  const schedule = await stripe.sdk.subscriptionSchedules.create({ from_subscription: subscription.id });
  const change = item.current_period_start + 10 * day;
  await stripe.sdk.subscriptionSchedules.update(schedule.id, {
    phases: [
      { items: [{ price: plans.basic.id }], start_date: item.current_period_start, end_date: change },
      {
        items: [{ price: plans.pro.id }],
        end_date: item.current_period_end,
        proration_behavior: 'always_invoice',
      },
    ],
  });
  await stripe.takeEvents(customer.id);
  await stripe.advanceTo(change);
  const events = await stripe.takeEvents(customer.id);
  const length = item.current_period_end - item.current_period_start;
  const rest = (amount: number) => Math.round((amount * (item.current_period_end - change)) / length);
  const [invoice] = objectsOf(events, 'invoice.paid');
  expect(invoice?.lines.data.map(({ amount }) => amount)).toEqual([-rest(4_900), rest(14_900)]);
  expect(objectsOf(events, 'subscription_schedule.updated')).toMatchObject([
    { current_phase: { start_date: change, end_date: item.current_period_end } },
  ]);
  await stripe.advanceTo(item.current_period_end + 3_600);
  const later = await stripe.takeEvents(customer.id);
  expect(typesOf(later)).toContain('subscription_schedule.released');
  expect(objectsOf(later, 'invoice.paid')).toMatchObject([{ amount_paid: 14_900 }]);
});

test('a schedule set to cancel ends the subscription with its last phase, and charges nothing more', async () => {
  const { customer, subscription, item } = await subscribe(stripe, plans.basic);
  const schedule = await stripe.sdk.subscriptionSchedules.create({ from_subscription: subscription.id });
  await stripe.sdk.subscriptionSchedules.update(schedule.id, { end_behavior: 'cancel' });
  await stripe.advanceTo(item.current_period_end - 1);
  await stripe.takeEvents(customer.id);
  await stripe.advance({ days: 2 });
  const events = await stripe.takeEvents(customer.id);
  expect(typesOf(events)).toEqual(['subscription_schedule.completed', 'customer.subscription.deleted']);
  expect((await stripe.sdk.subscriptionSchedules.retrieve(schedule.id)).status).toBe('completed');
});

test('a schedule ends with its subscription, and cannot be changed then', async () => {
  const { customer, subscription } = await subscribe(stripe, plans.basic);
  const schedule = await stripe.sdk.subscriptionSchedules.create({ from_subscription: subscription.id });
  await expect(stripe.sdk.subscriptionSchedules.create({ from_subscription: subscription.id })).rejects.toMatchObject({
    param: 'from_subscription',
  });
  await stripe.sdk.subscriptionSchedules.cancel(schedule.id);
  expect(typesOf(await stripe.takeEvents(customer.id)).slice(-2)).toEqual([
    'customer.subscription.deleted',
    'subscription_schedule.canceled',
  ]);
  await expect(stripe.sdk.subscriptionSchedules.release(schedule.id)).rejects.toMatchObject({ statusCode: 400 });
});

test('phases leave no gap between them', async () => {
  const { subscription, item } = await subscribe(stripe, plans.basic);
  const schedule = await stripe.sdk.subscriptionSchedules.create({ from_subscription: subscription.id });
  const end = item.current_period_end;
  await expect(
    stripe.sdk.subscriptionSchedules.update(schedule.id, {
      phases: [
        { items: [{ price: plans.basic.id }], start_date: item.current_period_start, end_date: end },
        { items: [{ price: plans.pro.id }], start_date: end + day, end_date: end + 30 * day },
      ],
    }),
  ).rejects.toMatchObject({ param: 'phases[1][start_date]' });
});
