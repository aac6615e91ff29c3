import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AsaasDesk, openDesk } from './testing/asaas-desk.ts';

describe('the life of a payment', () => {
  let desk: AsaasDesk;
  beforeEach(async () => {
    desk = await openDesk();
    return () => desk.close();
  });
  const statusOf = async (id: string) => (await desk.api('GET', `/payments/${id}`)).json.status;

  test('Pix is received at once, and tells so with one event', async () => {
    const created = await desk.payment({ externalReference: 'pack-1' });
    expect(created).toMatchObject({
      object: 'payment',
      status: 'PENDING',
      value: 19.9,
      netValue: 18.91,
      creditDate: null,
    });
    expect(created).not.toHaveProperty('subscription');
    const paid = await desk.act(`/payments/${created.id}/pay`);
    expect(paid.json).toMatchObject({ status: 'RECEIVED', paymentDate: '2030-03-04', confirmedDate: '2030-03-04' });
    expect(await desk.names()).toEqual(['PAYMENT_CREATED', 'PAYMENT_RECEIVED']);
    await desk.advance('2030-05-01T12:00:00Z');
    expect(await desk.names()).toEqual([]);
  });

  test('a card is confirmed when it is charged, and received 32 days later', async () => {
    const { id } = await desk.payment({ billingType: 'CREDIT_CARD' });
    await desk.act(`/payments/${id}/pay`);
    const confirmed = await desk.api('GET', `/payments/${id}`);
    expect(confirmed.json).toMatchObject({ status: 'CONFIRMED', paymentDate: null, creditDate: '2030-04-05' });
    expect(confirmed.json.creditCard?.creditCardToken).toEqual(expect.any(String));
    await desk.advance('2030-04-05T08:59:00Z');
    expect(await desk.names()).toEqual(['PAYMENT_CREATED', 'PAYMENT_CONFIRMED']);
    await desk.advance('2030-04-05T09:01:00Z');
    expect(await desk.names()).toEqual(['PAYMENT_RECEIVED']);
    expect(await statusOf(id)).toBe('RECEIVED');
  });

  test('a boleto is overdue on the day after it was due, can be paid late, and is received on the next weekday', async () => {
    const { id } = await desk.payment({ billingType: 'BOLETO' });
    // Friday the 8th ends in Brazil at three o'clock in the night, UTC.
    await desk.advance('2030-03-09T02:59:00Z');
    expect(await statusOf(id)).toBe('PENDING');
    await desk.advance('2030-03-09T03:00:00Z');
    expect(await statusOf(id)).toBe('OVERDUE');
    await desk.act(`/payments/${id}/pay`);
    await desk.advance('2030-03-11T08:00:00Z');
    expect(await desk.names()).toEqual(['PAYMENT_CREATED', 'PAYMENT_OVERDUE', 'PAYMENT_CONFIRMED']);
    await desk.advance('2030-03-11T09:00:00Z');
    expect(await desk.names()).toEqual(['PAYMENT_RECEIVED']);
  });

  test('a boleto takes Pix, what is undefined takes what the payer chooses, and a Pix payment takes no card', async () => {
    const boleto = await desk.payment({ billingType: 'BOLETO' });
    expect((await desk.act(`/payments/${boleto.id}/pay`, { method: 'pix' })).json).toMatchObject({
      billingType: 'PIX',
      status: 'RECEIVED',
    });
    const open = await desk.payment({ billingType: 'UNDEFINED' });
    expect((await desk.act(`/payments/${open.id}/pay`, { method: 'card' })).json.billingType).toBe('CREDIT_CARD');
    const pix = await desk.payment();
    expect((await desk.act(`/payments/${pix.id}/pay`, { method: 'card' })).status).toBe(400);
    expect(await statusOf(pix.id)).toBe('PENDING');
  });

  test('a refused card leaves the payment open', async () => {
    const { id } = await desk.payment({ billingType: 'CREDIT_CARD' });
    await desk.act(`/payments/${id}/decline`);
    expect(await statusOf(id)).toBe('PENDING');
    expect(await desk.names()).toEqual(['PAYMENT_CREATED', 'PAYMENT_CREDIT_CARD_CAPTURE_REFUSED']);
  });

  test('a saved card is charged at once; refused, it leaves no payment behind', async () => {
    const customer = await desk.customer();
    const first = await desk.payment({ customer, billingType: 'CREDIT_CARD' });
    const paid = await desk.act(`/payments/${first.id}/pay`);
    const card = { customer, billingType: 'CREDIT_CARD', creditCardToken: paid.json.creditCard?.creditCardToken };
    expect((await desk.payment(card)).status).toBe('CONFIRMED');
    await desk.act(`/customers/${customer}/card`, { outcome: 'declined' });
    const refused = await desk.payment(card);
    expect(refused.errors).toMatchObject([{ code: 'invalid_creditCard' }]);
    expect((await desk.api('GET', `/payments?customer=${customer}`)).json.totalCount).toBe(2);
  });

  test('parts are given back until nothing is left, and never more than was paid', async () => {
    const { id } = await desk.payment();
    expect((await desk.api('POST', `/payments/${id}/refund`, {})).status).toBe(400);
    await desk.act(`/payments/${id}/pay`);
    const part = await desk.api('POST', `/payments/${id}/refund`, { value: 5.15, description: 'half' });
    expect(part.json).toMatchObject({ status: 'RECEIVED', refunds: [{ value: 5.15, status: 'DONE' }] });
    expect((await desk.api('POST', `/payments/${id}/refund`, { value: 14.76 })).status).toBe(400);
    const rest = await desk.api('POST', `/payments/${id}/refund`, {});
    expect(rest.json).toMatchObject({ status: 'REFUNDED', refunds: [{ value: 5.15 }, { value: 14.75 }] });
    expect((await desk.api('POST', `/payments/${id}/refund`, {})).status).toBe(400);
    const names = ['PAYMENT_CREATED', 'PAYMENT_RECEIVED', 'PAYMENT_PARTIALLY_REFUNDED', 'PAYMENT_REFUNDED'];
    expect(await desk.names()).toEqual(names);
  });

  test('a boleto is not refunded by the API, but by hand', async () => {
    const { id } = await desk.payment({ billingType: 'BOLETO' });
    await desk.act(`/payments/${id}/pay`);
    const refused = await desk.api('POST', `/payments/${id}/refund`, {});
    expect(refused.json.errors).toMatchObject([{ code: 'invalid_action' }]);
    expect((await desk.act(`/payments/${id}/refund`)).json.status).toBe('REFUNDED');
  });

  test('a chargeback that is reversed tells of the money a second time', async () => {
    const { id } = await desk.payment({ billingType: 'CREDIT_CARD' });
    await desk.act(`/payments/${id}/pay`);
    const charged = await desk.act(`/payments/${id}/chargeback`);
    expect(charged.json).toMatchObject({ status: 'CHARGEBACK_REQUESTED', chargeback: { status: 'REQUESTED' } });
    await desk.take();
    // The day on which the money would have come passes meanwhile.
    await desk.advance('2030-04-10T12:00:00Z');
    expect(await desk.names()).toEqual([]);
    const back = await desk.act(`/payments/${id}/chargeback/reverse`);
    expect(back.json).toMatchObject({ status: 'RECEIVED', chargeback: { status: 'REVERSED' } });
    expect(await desk.names()).toEqual([
      'PAYMENT_CHARGEBACK_DISPUTE',
      'PAYMENT_AWAITING_CHARGEBACK_REVERSAL',
      'PAYMENT_RECEIVED',
    ]);
  });

  test('cash counts as paid until it is undone, also when the due date has passed meanwhile', async () => {
    const { id } = await desk.payment();
    expect((await desk.act(`/payments/${id}/receive-in-cash`)).json.status).toBe('RECEIVED_IN_CASH');
    await desk.advance('2030-03-20T12:00:00Z');
    expect((await desk.act(`/payments/${id}/receive-in-cash/undo`)).json.status).toBe('OVERDUE');
    expect(await desk.names()).toEqual(['PAYMENT_CREATED', 'PAYMENT_RECEIVED', 'PAYMENT_RECEIVED_IN_CASH_UNDONE']);
  });

  test('what is open can be removed, what is paid cannot', async () => {
    const open = await desk.payment({ externalReference: 'gone' });
    expect((await desk.api('DELETE', `/payments/${open.id}`)).json).toEqual({ deleted: true, id: open.id });
    expect((await desk.api('GET', `/payments/${open.id}`)).json.deleted).toBe(true);
    expect((await desk.api('GET', '/payments?externalReference=gone')).json.data).toEqual([]);
    expect((await desk.act(`/payments/${open.id}/pay`)).status).toBe(400);
    const paid = await desk.payment();
    await desk.act(`/payments/${paid.id}/pay`);
    expect((await desk.api('DELETE', `/payments/${paid.id}`)).status).toBe(400);
    await desk.advance('2030-03-20T12:00:00Z');
    const names = ['PAYMENT_CREATED', 'PAYMENT_DELETED', 'PAYMENT_CREATED', 'PAYMENT_RECEIVED'];
    expect(await desk.names()).toEqual(names);
  });
});

describe('the API', () => {
  let desk: AsaasDesk;
  beforeAll(async () => {
    desk = await openDesk();
  });
  afterAll(() => desk.close());

  test.each([
    ['no key', { 'user-agent': 'base' }, 'access_token_not_found'],
    ['a wrong key', { access_token: 'invalid', 'user-agent': 'base' }, 'invalid_access_token'],
    ['no user agent', { access_token: 'any' }, 'user_agent_not_found'],
  ])('refuses %s', async (_what, headers, code) => {
    // fetch would name itself as the user agent.
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      request(`${desk.url}/asaas/v3/payments`, { headers }, (res) => {
        let text = '';
        res.on('data', (chunk) => {
          text += String(chunk);
        });
        res.on('end', () => resolve({ status: res.statusCode, text }));
      })
        .on('error', reject)
        .end();
    });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text)).toEqual({ errors: [{ code, description: expect.any(String) }] });
  });

  test.each([
    [{}, 'invalid_customer'],
    [{ customer: 'cus_none', billingType: 'PIX', value: 10, dueDate: '2030-03-08' }, 'invalid_customer'],
    [{ billingType: 'CASH' }, 'invalid_billingType'],
    [{ value: 4.99 }, 'invalid_value'],
    [{ value: 19.999 }, 'invalid_value'],
    [{ value: '19.90' }, 'invalid_value'],
    [{ dueDate: '2030-03-03' }, 'invalid_dueDate'],
    [{ dueDate: '2030-02-30' }, 'invalid_dueDate'],
    [{ price: 10 }, 'invalid_price'],
  ])('refuses the payment %j with %s', async (fields, code) => {
    const isWhole = Object.keys(fields).length === 0 || 'customer' in fields;
    const order = { customer: await desk.customer(), billingType: 'PIX', value: 10, dueDate: '2030-03-08' };
    const answer = await desk.api('POST', '/payments', isWhole ? fields : { ...order, ...fields });
    expect([answer.status, answer.json.errors?.[0]?.code]).toEqual([400, code]);
  });

  test('lists begin with the newest, page by page, for one reference, customer, status or day', async () => {
    const customer = await desk.customer();
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.push((await desk.payment({ customer })).id);
    const list = async (query: string) => (await desk.api('GET', `/payments?customer=${customer}&${query}`)).json;
    const first = await list('limit=2');
    expect(first).toMatchObject({ object: 'list', hasMore: true, totalCount: 3, limit: 2, offset: 0 });
    expect(first.data.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(await list('limit=2&offset=2')).toMatchObject({ hasMore: false, data: [{ id: ids[0] }] });
    await desk.act(`/payments/${ids[1]}/pay`);
    expect((await list('status=RECEIVED')).data.map(({ id }) => id)).toEqual([ids[1]]);
    expect((await list('dateCreated[ge]=2030-03-05')).totalCount).toBe(0);
    expect((await list('dateCreated[ge]=2030-03-04&dateCreated[le]=2030-03-04')).totalCount).toBe(3);
  });

  test('customers are found by reference and document, and changed', async () => {
    const body = { name: 'Loja', cpfCnpj: '11.222.333/0001-81', email: 'loja@example.com', externalReference: 'org-1' };
    const { json } = await desk.api('POST', '/customers', body);
    expect(json).toMatchObject({ object: 'customer', cpfCnpj: '11222333000181', externalReference: 'org-1' });
    const found = await desk.api('GET', '/customers?externalReference=org-1');
    expect(found.json.data).toEqual([json]);
    expect((await desk.api('GET', '/customers?cpfCnpj=11.222.333/0001-81')).json.data).toEqual([json]);
    await desk.api('PUT', `/customers/${json.id}`, { externalReference: 'org-2' });
    expect((await desk.api('GET', `/customers/${json.id}`)).json.externalReference).toBe('org-2');
    const wrong = await desk.api('POST', '/customers', { ...body, cpfCnpj: '11222333000182' });
    expect(wrong).toMatchObject({ status: 400, json: { errors: [{ code: 'invalid_object' }] } });
  });

  test('what does not exist is a 404', async () => {
    for (const path of ['/payments/pay_none', '/customers/cus_none', '/subscriptions/sub_none', '/nothing']) {
      expect((await desk.api('GET', path)).status).toBe(404);
    }
  });
});
