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

/** A customer with a card and one payment of R$ 100. */
async function charge() {
  const customer = await stripe.sdk.customers.create();
  const card = await stripe.sdk.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const paymentIntent = await stripe.sdk.paymentIntents.create({
    amount: 10_000,
    currency: 'brl',
    customer: customer.id,
    payment_method: card.id,
    off_session: true,
    confirm: true,
    metadata: { top_up: 't_1' },
  });
  await stripe.takeEvents(customer.id);
  return { customer, paymentIntent, charge: String(paymentIntent.latest_charge) };
}

describe('a charge without the customer', () => {
  test('to the card of a subscription succeeds', async () => {
    const { customer, subscription } = await subscribe(stripe, plans.basic);
    const paymentIntent = await stripe.sdk.paymentIntents.create({
      amount: 3_000,
      currency: 'brl',
      customer: customer.id,
      payment_method: String(subscription.default_payment_method),
      off_session: true,
      confirm: true,
    });
    expect(paymentIntent).toMatchObject({ status: 'succeeded', amount_received: 3_000 });
    expect(typesOf(await stripe.takeEvents(customer.id))).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
    ]);
  });

  test('that is declined is a card error which names the payment', async () => {
    const customer = await stripe.sdk.customers.create();
    const card = await stripe.sdk.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
    const refused = stripe.sdk.paymentIntents.create({
      amount: 3_000,
      currency: 'brl',
      customer: customer.id,
      payment_method: card.id,
      off_session: true,
      confirm: true,
    });
    await expect(refused).rejects.toMatchObject({
      type: 'StripeCardError',
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'generic_decline',
      payment_intent: { object: 'payment_intent', status: 'requires_payment_method' },
    });
    const { data } = await stripe.sdk.paymentIntents.list({ customer: customer.id });
    expect(data).toMatchObject([{ amount_received: 0, last_payment_error: { code: 'card_declined' } }]);
  });

  test.each([
    ['payment_method_types', { payment_method_types: ['card'] }, 'payment_method_types_no_longer_supported'],
    ['less than R$ 0.50', { amount: 49 }, 'amount_too_small'],
  ])('is refused with %s', async (_what, wrong, code) => {
    await expect(stripe.sdk.paymentIntents.create({ amount: 3_000, currency: 'brl', ...wrong })).rejects.toMatchObject({
      statusCode: 400,
      code,
    });
  });
});

describe('refunds', () => {
  test('add up on the charge, and cannot exceed it', async () => {
    const { customer, paymentIntent, charge: id } = await charge();
    const first = await stripe.sdk.refunds.create({ payment_intent: paymentIntent.id, amount: 3_000 });
    await stripe.act('POST', `/payment_intents/${paymentIntent.id}/refund`, { amount: 2_000 });
    const events = await stripe.takeEvents(customer.id);
    expect(typesOf(events)).toEqual(['refund.created', 'charge.refunded', 'refund.created', 'charge.refunded']);
    expect(objectsOf(events, 'refund.created')[0]).toMatchObject({ id: first.id, amount: 3_000, charge: id });
    expect(objectsOf(events, 'charge.refunded')).toMatchObject([
      { amount_refunded: 3_000, refunded: false },
      { amount_refunded: 5_000, refunded: false },
    ]);
    expect(events[3]?.data.previous_attributes).toEqual({ amount_refunded: 3_000 });
    await expect(stripe.sdk.refunds.create({ charge: id, amount: 5_001 })).rejects.toThrow('greater than unrefunded');
    await stripe.sdk.refunds.create({ charge: id });
    expect(await stripe.sdk.charges.retrieve(id, { expand: ['refunds'] })).toMatchObject({
      refunded: true,
      amount_refunded: 10_000,
      refunds: { data: [{ amount: 5_000 }, { amount: 2_000 }, { amount: 3_000 }] },
    });
    await expect(stripe.sdk.refunds.create({ charge: id })).rejects.toMatchObject({ code: 'charge_already_refunded' });
  });

  test('that fail later say so, and the money is the merchant’s again', async () => {
    const { customer, charge: id } = await charge();
    const refund = await stripe.sdk.refunds.create({ charge: id, amount: 4_000 });
    await stripe.takeEvents(customer.id);
    await stripe.act('POST', `/refunds/${refund.id}/fail`);
    const events = await stripe.takeEvents(customer.id);
    expect(typesOf(events)).toEqual(['refund.updated', 'charge.refund.updated', 'refund.failed', 'charge.updated']);
    expect(objectsOf(events, 'refund.failed')).toMatchObject([{ id: refund.id, status: 'failed', amount: 4_000 }]);
    expect((await stripe.sdk.charges.retrieve(id)).amount_refunded).toBe(0);
  });
});

describe('a dispute', () => {
  test.each([
    ['won', ['charge.dispute.updated', 'charge.dispute.closed', 'charge.dispute.funds_reinstated'], [-10_000, 10_000]],
    ['lost', ['charge.dispute.updated', 'charge.dispute.closed'], [-10_000]],
  ])('takes the money at once; %s it ends with %j', async (outcome, types, moved) => {
    const { customer, paymentIntent, charge: id } = await charge();
    await stripe.act('POST', `/payment_intents/${paymentIntent.id}/dispute`);
    const opened = await stripe.takeEvents(customer.id);
    expect(typesOf(opened)).toEqual(['charge.dispute.created', 'charge.dispute.funds_withdrawn']);
    const [dispute] = objectsOf(opened, 'charge.dispute.funds_withdrawn');
    expect(dispute).toMatchObject({ charge: id, amount: 10_000, status: 'needs_response' });
    await stripe.act('POST', `/disputes/${dispute?.id}/close`, { outcome });
    expect(typesOf(await stripe.takeEvents(customer.id))).toEqual(types);
    const after = await stripe.sdk.disputes.retrieve(String(dispute?.id));
    expect(after.status).toBe(outcome);
    expect(after.balance_transactions.map(({ amount }) => amount)).toEqual(moved);
    expect((await stripe.sdk.disputes.list({ charge: id })).data).toHaveLength(1);
  });

  test('that is only an inquiry moves no money when it is closed', async () => {
    const { customer, paymentIntent } = await charge();
    await stripe.act('POST', `/payment_intents/${paymentIntent.id}/dispute`, { amount: 2_500, inquiry: true });
    const opened = await stripe.takeEvents(customer.id);
    expect(typesOf(opened)).toEqual(['charge.dispute.created']);
    const [dispute] = objectsOf(opened, 'charge.dispute.created');
    expect(dispute).toMatchObject({ status: 'warning_needs_response', amount: 2_500, balance_transactions: [] });
    await stripe.act('POST', `/disputes/${dispute?.id}/close`, { outcome: 'won' });
    const closed = await stripe.takeEvents(customer.id);
    expect(objectsOf(closed, 'charge.dispute.closed')).toMatchObject([
      { status: 'warning_closed', balance_transactions: [] },
    ]);
  });

  test('that begins as an inquiry and is lost takes the money before it is closed', async () => {
    const { customer, paymentIntent } = await charge();
    await stripe.act('POST', `/payment_intents/${paymentIntent.id}/dispute`, { inquiry: true });
    const [dispute] = objectsOf(await stripe.takeEvents(customer.id), 'charge.dispute.created');
    await stripe.act('POST', `/disputes/${dispute?.id}/close`, { outcome: 'lost' });
    expect(typesOf(await stripe.takeEvents(customer.id))).toEqual([
      'charge.dispute.updated',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.updated',
      'charge.dispute.closed',
    ]);
  });
});
