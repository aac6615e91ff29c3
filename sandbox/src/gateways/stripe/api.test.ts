import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePlans } from './testing/make-plans.ts';
import { startStripe, type TestStripe } from './testing/start-stripe.ts';

let stripe: TestStripe;
beforeAll(async () => {
  stripe = await startStripe();
});
afterAll(() => stripe.close());

const key = 'sk_test_of_the_tests';

describe('keys and versions', () => {
  test.each(['sk_test_invalid', 'pk_test_public', 'nonsense'])('the key %s is refused', async (wrong) => {
    const { hostname, port } = new URL(stripe.sandbox.url);
    const sdk = new Stripe(wrong, { host: hostname, port, protocol: 'http', telemetry: false });
    await expect(sdk.customers.list()).rejects.toMatchObject({ type: 'StripeAuthenticationError', statusCode: 401 });
  });

  test('an answer names its request, and the API version that the SDK asked for', async () => {
    const { lastResponse } = await stripe.sdk.customers.list();
    expect(lastResponse.requestId).toMatch(/^req_/);
    expect(lastResponse.headers['stripe-version']).toBe('2026-10-28.endive');
  });

  test('what the sandbox does not have is a 404 in Stripe’s form', async () => {
    await expect(stripe.sdk.coupons.list()).rejects.toMatchObject({
      type: 'StripeInvalidRequestError',
      statusCode: 404,
    });
  });
});

describe('parameters', () => {
  test('metadata are merged, and an empty value removes a key', async () => {
    const { id } = await stripe.sdk.customers.create({ metadata: { a: '1', b: '2', 'with [brackets]': '3' } });
    const updated = await stripe.sdk.customers.update(id, { metadata: { a: '', c: '4' }, name: 'José & Søn' });
    expect(updated).toMatchObject({ metadata: { b: '2', c: '4' }, name: 'José & Søn' });
    expect(updated.metadata).not.toHaveProperty('a');
  });

  test('one that Stripe does not know is refused, and nothing is made', async () => {
    const email = 'unknown-parameter@example.com';
    const answer = await stripe.sandbox.call('/v1/customers', {
      method: 'POST',
      key,
      body: `email=${encodeURIComponent(email)}&nonsense=1`,
    });
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatchObject({ code: 'parameter_unknown', param: 'nonsense' });
    expect((await stripe.sdk.customers.list({ email })).data).toEqual([]);
  });

  test('an id that is not there is resource_missing: 404 in the path, 400 in a parameter', async () => {
    await expect(stripe.sdk.customers.retrieve('cus_none')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    await expect(stripe.sdk.billingPortal.sessions.create({ customer: 'cus_none' })).rejects.toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      param: 'customer',
    });
  });
});

describe('idempotency', () => {
  test('the same key and parameters make one object and get one answer', async () => {
    const options = { idempotencyKey: 'customer:one' };
    const first = await stripe.sdk.customers.create({ name: 'One' }, options);
    const second = await stripe.sdk.customers.create({ name: 'One' }, options);
    expect(second.id).toBe(first.id);
    expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect((await stripe.sdk.customers.list({ limit: 100 })).data.filter(({ name }) => name === 'One')).toHaveLength(1);
  });

  test('the same key with other parameters is an error', async () => {
    const options = { idempotencyKey: 'customer:two' };
    await stripe.sdk.customers.create({ name: 'Two' }, options);
    await expect(stripe.sdk.customers.create({ name: 'Three' }, options)).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
      statusCode: 400,
    });
  });

  test('a refused call does not use up its key, a declined card does', async () => {
    const options = { idempotencyKey: 'payment:one' };
    const customer = await stripe.sdk.customers.create();
    const pay = (amount: number, card: string) =>
      stripe.sdk.paymentIntents.create(
        { amount, currency: 'brl', customer: customer.id, payment_method: card, confirm: true },
        options,
      );
    await expect(pay(1, 'pm_card_visa')).rejects.toMatchObject({ code: 'amount_too_small' });
    await expect(pay(5_000, 'pm_card_chargeCustomerFail')).rejects.toMatchObject({ code: 'card_declined' });
    await expect(pay(5_000, 'pm_card_chargeCustomerFail')).rejects.toMatchObject({ code: 'card_declined' });
    await expect(pay(5_000, 'pm_card_visa')).rejects.toMatchObject({ type: 'StripeIdempotencyError' });
    expect((await stripe.sdk.paymentIntents.list({ customer: customer.id })).data).toHaveLength(1);
  });

  test('a key is forgotten after a day, and makes anew', async () => {
    const options = { idempotencyKey: 'customer:day' };
    const first = await stripe.sdk.customers.create({ name: 'Day' }, options);
    await stripe.advance({ hours: 25 });
    expect((await stripe.sdk.customers.create({ name: 'Day' }, options)).id).not.toBe(first.id);
  });
});

describe('faults', () => {
  test('a call that is done but not answered is done once, when the SDK asks again with its key', async () => {
    const email = 'lost-answer@example.com';
    await stripe.act('PUT', '/fault', { fault: '500_after', method: 'POST', path: '/customers' });
    const customer = await stripe.sdk.customers.create({ email }, { maxNetworkRetries: 1 });
    expect((await stripe.sdk.customers.list({ email })).data).toMatchObject([{ id: customer.id }]);
  });

  test.each([
    ['429', 'StripeRateLimitError'],
    ['500', 'StripeAPIError'],
    ['reset', 'StripeConnectionError'],
  ])('%s strikes as often as told, and nothing is done', async (fault, type) => {
    const email = `fault-${fault}@example.com`;
    // The SDK asks once more by itself after a reset.
    await stripe.act('PUT', '/fault', { fault, times: fault === 'reset' ? 2 : 1, path: '/customers' });
    await expect(stripe.sdk.customers.create({ email })).rejects.toMatchObject({ type });
    expect((await stripe.sdk.customers.list({ email })).data).toEqual([]);
  });
});

test('the clock of the gateways goes forward only', async () => {
  const set = (now: unknown) => stripe.sandbox.call('/_sandbox/clock', { method: 'PUT', body: { now } });
  const later = new Date((await stripe.now()).getTime() + 60_000);
  expect((await set(later.toISOString())).status).toBe(200);
  expect((await stripe.now()).getTime()).toBeGreaterThanOrEqual(later.getTime());
  expect((await set(new Date(later.getTime() - 1).toISOString())).status).toBe(400);
  expect((await set('tomorrow')).status).toBe(400);
});

describe('lists', () => {
  test('are newest first, in pages that the SDK walks through without a gap', async () => {
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      made.push((await stripe.sdk.products.create({ name: `Product ${index}`, metadata: { list: 'yes' } })).id);
    }
    const page = await stripe.sdk.products.list({ limit: 3 });
    expect(page).toMatchObject({ object: 'list', has_more: true, url: '/v1/products' });
    expect(page.data.map(({ id }) => id)).toEqual(made.slice(-3).reverse());
    const walked: string[] = [];
    for await (const product of stripe.sdk.products.list({ limit: 3 })) walked.push(product.id);
    expect(walked).toEqual([...made].reverse());
    const before = await stripe.sdk.products.list({ limit: 2, ending_before: String(made[3]) });
    expect(before.data.map(({ id }) => id)).toEqual([made[5], made[4]]);
  });

  test('are filtered by time, lookup key and e-mail', async () => {
    const since = Math.floor((await stripe.now()).getTime() / 1000) + 10;
    await stripe.advanceTo(since);
    const email = 'filtered@example.com';
    const customer = await stripe.sdk.customers.create({ email });
    expect((await stripe.sdk.customers.list({ created: { gte: since } })).data).toMatchObject([{ id: customer.id }]);
    expect((await stripe.sdk.customers.list({ email })).data).toMatchObject([{ id: customer.id }]);
    const { basic } = await makePlans(stripe);
    const keyed = { currency: 'brl', product: String(basic.product), unit_amount: 100, lookup_key: 'pack_small' };
    const first = await stripe.sdk.prices.create(keyed);
    await expect(stripe.sdk.prices.create(keyed)).rejects.toMatchObject({ param: 'lookup_key' });
    const second = await stripe.sdk.prices.create({ ...keyed, transfer_lookup_key: true });
    const { data } = await stripe.sdk.prices.list({ lookup_keys: ['pack_small'], expand: ['data.product'] });
    expect(data).toMatchObject([{ id: second.id, product: { name: 'Basic' } }]);
    expect((await stripe.sdk.prices.retrieve(first.id)).lookup_key).toBeNull();
  });

  test('do not start after what is not there', async () => {
    await expect(stripe.sdk.products.list({ starting_after: 'prod_none' })).rejects.toMatchObject({
      param: 'starting_after',
    });
  });
});
