import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePlans, openPackPage, openSubscriptionPage, type TestPlans } from './testing/make-plans.ts';
import { objectsOf, startStripe, type TestStripe, typesOf } from './testing/start-stripe.ts';

let stripe: TestStripe;
let plans: TestPlans;
beforeAll(async () => {
  stripe = await startStripe();
  plans = await makePlans(stripe);
});
afterAll(() => stripe.close());

const pay = (session: { id: string }, method: string, outcome: string) =>
  stripe.act('POST', `/checkout/${session.id}/pay`, { method, outcome });

describe('a subscription', () => {
  test('paid by card starts with one paid invoice whose line has the price, the period and the metadata', async () => {
    const { customer, session } = await openSubscriptionPage(stripe, plans.basic);
    expect(session).toMatchObject({ status: 'open', payment_status: 'unpaid', amount_total: 4_900, currency: 'brl' });
    await pay(session, 'card', 'ok');

    const events = await stripe.takeEvents(customer.id);
    const [invoice] = objectsOf(events, 'invoice.paid');
    const [subscription] = objectsOf(events, 'customer.subscription.updated').slice(-1);
    expect(objectsOf(events, 'invoice.paid')).toHaveLength(1);
    expect(subscription).toMatchObject({ status: 'active', metadata: { organization: 'org_1' } });
    const item = subscription?.items.data[0];
    expect(invoice).toMatchObject({
      status: 'paid',
      billing_reason: 'subscription_create',
      amount_paid: 4_900,
      currency: 'brl',
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: subscription?.id, metadata: { organization: 'org_1' } },
      },
    });
    expect(invoice?.lines.data).toMatchObject([
      {
        amount: 4_900,
        period: { start: item?.current_period_start, end: item?.current_period_end },
        pricing: { price_details: { price: plans.basic.id, product: plans.basic.product } },
        parent: { subscription_item_details: { proration: false, subscription_item: item?.id } },
      },
    ]);
    expect(objectsOf(events, 'checkout.session.completed')).toMatchObject([
      {
        id: session.id,
        status: 'complete',
        payment_status: 'paid',
        client_reference_id: 'org_1',
        customer: customer.id,
        subscription: subscription?.id,
        invoice: invoice?.id,
        metadata: { order: 'o_1' },
      },
    ]);
    expect(new Set(typesOf(events))).toEqual(
      new Set([
        'customer.created',
        'customer.updated',
        'payment_method.attached',
        'customer.subscription.created',
        'customer.subscription.updated',
        'invoice.created',
        'invoice.finalized',
        'invoice.updated',
        'invoice.paid',
        'invoice.payment_succeeded',
        'invoice_payment.paid',
        'payment_intent.created',
        'payment_intent.succeeded',
        'charge.succeeded',
        'checkout.session.completed',
      ]),
    );
  });

  test('with a declined card leaves the page open, and the next card pays', async () => {
    const { customer, session } = await openSubscriptionPage(stripe, plans.basic);
    await pay(session, 'card', 'declined');
    expect((await stripe.sdk.checkout.sessions.retrieve(session.id)).status).toBe('open');
    expect((await stripe.sdk.subscriptions.list({ customer: customer.id, status: 'all' })).data).toEqual([]);
    expect(typesOf(await stripe.takeEvents(customer.id)).slice(-3)).toEqual([
      'payment_intent.created',
      'charge.failed',
      'payment_intent.payment_failed',
    ]);
    await pay(session, 'card', 'ok');
    const events = await stripe.takeEvents(customer.id);
    expect(objectsOf(events, 'invoice.paid')).toHaveLength(1);
    expect(typesOf(events)).not.toContain('payment_intent.created');
    await expect(pay(session, 'card', 'ok')).rejects.toThrow('This Checkout Session is complete');
  });

  test('leads from the charge back to its invoice through the invoice payment', async () => {
    const { customer, session } = await openSubscriptionPage(stripe, plans.basic);
    await pay(session, 'card', 'ok');
    const [charge] = objectsOf(await stripe.takeEvents(customer.id), 'charge.succeeded');
    const payments = await stripe.sdk.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: String(charge?.payment_intent) },
      expand: ['data.invoice'],
    });
    expect(payments.data).toMatchObject([
      { status: 'paid', amount_paid: 4_900, invoice: { object: 'invoice', customer: customer.id } },
    ]);
  });

  test('is not sold for a boleto', async () => {
    const { session } = await openSubscriptionPage(stripe, plans.basic);
    await expect(pay(session, 'boleto', 'ok')).rejects.toThrow('Boleto is not offered');
  });
});

describe('a pack', () => {
  test('paid by card is paid when the session completes, and the metadata is on the payment and its charge', async () => {
    const { customer, session } = await openPackPage(stripe, plans.pack);
    await pay(session, 'card', 'ok');
    const events = await stripe.takeEvents(customer.id);
    expect(typesOf(events)).toEqual([
      'customer.created',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ]);
    const [completed] = objectsOf(events, 'checkout.session.completed');
    expect(completed).toMatchObject({ payment_status: 'paid', amount_total: 5_000, url: null, invoice: null });
    expect(objectsOf(events, 'charge.succeeded')).toMatchObject([
      { amount: 5_000, metadata: { order: 'o_2' }, payment_intent: completed?.payment_intent },
    ]);
    const { data } = await stripe.sdk.checkout.sessions.listLineItems(session.id);
    expect(data).toMatchObject([{ quantity: 2, amount_total: 5_000, price: { id: plans.pack.id } }]);
  });

  test('paid by boleto completes unpaid, and is paid two days later', async () => {
    const { customer, session } = await openPackPage(stripe, plans.pack);
    await pay(session, 'boleto', 'ok');
    const events = await stripe.takeEvents(customer.id);
    expect(typesOf(events).slice(-2)).toEqual(['payment_intent.requires_action', 'checkout.session.completed']);
    expect(objectsOf(events, 'checkout.session.completed')).toMatchObject([{ payment_status: 'unpaid' }]);
    await stripe.advance({ days: 2 });
    const later = await stripe.takeEvents(customer.id);
    expect(typesOf(later)).toEqual([
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.async_payment_succeeded',
    ]);
    expect(objectsOf(later, 'checkout.session.async_payment_succeeded')).toMatchObject([{ payment_status: 'paid' }]);
    expect(objectsOf(later, 'charge.succeeded')).toMatchObject([{ payment_method_details: { type: 'boleto' } }]);
  });

  test('whose boleto nobody pays fails two days later', async () => {
    const { customer, session } = await openPackPage(stripe, plans.pack);
    await pay(session, 'boleto', 'declined');
    await stripe.takeEvents(customer.id);
    await stripe.advance({ days: 2 });
    const later = await stripe.takeEvents(customer.id);
    expect(typesOf(later)).toEqual(['payment_intent.payment_failed', 'checkout.session.async_payment_failed']);
    expect((await stripe.sdk.checkout.sessions.retrieve(session.id)).payment_status).toBe('unpaid');
  });

  test('with an invoice asked for has a paid one that is of no subscription', async () => {
    const customer = await stripe.sdk.customers.create();
    const session = await stripe.sdk.checkout.sessions.create({
      mode: 'payment',
      customer: customer.id,
      line_items: [{ price: plans.pack.id, quantity: 1 }],
      invoice_creation: { enabled: true, invoice_data: { metadata: { order: 'o_3' } } },
      success_url: 'http://127.0.0.1/thanks',
    });
    await pay(session, 'card', 'ok');
    const events = await stripe.takeEvents(customer.id);
    expect(objectsOf(events, 'invoice.paid')).toMatchObject([
      { billing_reason: 'manual', parent: null, amount_paid: 2_500, metadata: { order: 'o_3' } },
    ]);
    const { invoice, payment_intent } = await stripe.sdk.checkout.sessions.retrieve(session.id, {
      expand: ['invoice.payments'],
    });
    expect(invoice).toMatchObject({ payments: { data: [{ payment: { payment_intent }, status: 'paid' }] } });
  });
});

describe('the page', () => {
  test('expires after its time, or when asked to, and cannot be paid then', async () => {
    const [one, other] = [await openPackPage(stripe, plans.pack), await openPackPage(stripe, plans.pack)];
    await stripe.sdk.checkout.sessions.expire(other.session.id);
    expect(typesOf(await stripe.takeEvents(other.customer.id))).toContain('checkout.session.expired');
    await stripe.takeEvents(one.customer.id);
    await stripe.advance({ hours: 24 });
    expect(typesOf(await stripe.takeEvents(one.customer.id))).toEqual(['checkout.session.expired']);
    await expect(pay(one.session, 'card', 'ok')).rejects.toThrow('This Checkout Session is expired');
    await expect(stripe.sdk.checkout.sessions.expire(one.session.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  test('can be clicked through: a declined card shows it again, a good one leads to the success URL', async () => {
    const { session } = await openPackPage(stripe, plans.pack);
    const page = await fetch(String(session.url));
    expect(await page.text()).toContain('R$ 50,00');
    const submit = (outcome: string) =>
      fetch(String(session.url), {
        method: 'POST',
        body: new URLSearchParams({ method: 'card', outcome }),
        redirect: 'manual',
      });
    expect(await (await submit('declined')).text()).toContain('Your card was declined.');
    const paid = await submit('ok');
    expect(paid.status).toBe(303);
    expect(paid.headers.get('location')).toBe(`http://127.0.0.1:3000/thanks?session=${session.id}`);
  });

  test.each([
    ['no success URL', { success_url: '' }, 'success_url'],
    ['an expiry too soon', { expires_at: 1 }, 'expires_at'],
    [
      'payment_method_types, which this version has no more',
      { payment_method_types: ['card'] },
      'payment_method_types',
    ],
    ['an unknown price', { line_items: [{ price: 'price_none', quantity: 1 }] }, 'line_items[0][price]'],
  ])('is refused with %s', async (_what, wrong, param) => {
    const params = {
      mode: 'payment' as const,
      line_items: [{ price: plans.pack.id, quantity: 1 }],
      success_url: 'http://127.0.0.1/thanks',
      ...wrong,
    };
    await expect(stripe.sdk.checkout.sessions.create(params)).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      param,
    });
  });
});
