import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type TestApi } from '../../testing/start-api.ts';

const current = 'whsec_of_these_tests';
const former = 'whsec_of_the_time_before';
const path = '/api/v1/webhooks/stripe';

let api: TestApi;
let bare: TestApi;
beforeAll(async () => {
  [api, bare] = await Promise.all([startApi({ STRIPE_WEBHOOK_SECRET: [current, former] }), startApi()]);
});
afterAll(() => Promise.all([api.close(), bare.close()]));

function makeEvent(fields: Record<string, unknown> = {}): { id: string; body: string } {
  const id = `evt_${randomUUID()}`;
  // Of a kind that the stack's worker does nothing about.
  const event = { id, object: 'event', type: 'balance.available', api_version: '2026-10-28.endive', ...fields };
  return { id, body: JSON.stringify({ ...event, data: { object: { id: 'x' } } }, null, 2) };
}

function sign(body: string, secret: string, ageSeconds = 0): string {
  const timestamp = Math.floor(Date.now() / 1000) - ageSeconds;
  return `t=${timestamp},v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

const send = (body: string, signature?: string) =>
  api.call('POST', path, { body, headers: signature === undefined ? {} : { 'stripe-signature': signature } });

async function inboxOf(id: string): Promise<{ payload: string; type: string; api_version: string }[]> {
  const { rows } = await api.deps.pool.query(
    `select payload, type, api_version from payment_events where gateway = 'stripe' and event_id = $1`,
    [id],
  );
  return rows;
}

describe('an event of Stripe', () => {
  it('is kept word for word, once, however often it comes', async () => {
    const { id, body } = makeEvent();
    expect(await send(body, sign(body, current))).toMatchObject({ status: 200, body: { result: 'received' } });
    const again = await Promise.all([1, 2, 3].map(() => send(body, sign(body, current))));
    expect(again.map((answer) => [answer.status, answer.body.result])).toEqual(Array(3).fill([200, 'replayed']));
    expect(await inboxOf(id)).toEqual([{ payload: body, type: 'balance.available', api_version: '2026-10-28.endive' }]);
  });

  it('may be signed with a secret that is being replaced', async () => {
    const { id, body } = makeEvent();
    expect((await send(body, sign(body, former))).status).toBe(200);
    expect(await inboxOf(id)).toHaveLength(1);
  });

  it.each<[string, (body: string) => string | undefined]>([
    ['without a signature', () => undefined],
    ['signed with another secret', (body) => sign(body, 'whsec_of_somebody_else')],
    ['whose body was changed', (body) => sign(`${body} `, current)],
    ['of more than five minutes ago', (body) => sign(body, current, 301)],
    ['of more than five minutes ahead', (body) => sign(body, current, -310)],
    ['with two times', (body) => `${sign(body, current)},t=9999999999`],
    ['with nonsense for a signature', () => 't=,v1='],
    ['with a signature of nothing', (body) => sign(body, current).replace(/v1=.*/, 'v1=')],
    ['with a time that is no number', (body) => sign(body, current).replace(/t=\d+/, 't=now')],
    ['signed by a scheme that is not in use', (body) => sign(body, current).replace('v1=', 'v0=')],
  ])('%s is refused without a trace', async (_what, signatureOf) => {
    const { id, body } = makeEvent();
    expect(await send(body, signatureOf(body))).toMatchObject({ status: 401, body: { code: 'invalid_signature' } });
    expect(await inboxOf(id)).toEqual([]);
  });

  it('that is not one is refused though it is signed', async () => {
    for (const body of ['', '[]', '{"id":1}', 'no json']) {
      expect((await send(body, sign(body, current))).status).toBe(401);
    }
  });

  it('of the newer, thin kind is answered and changes nothing', async () => {
    const { id, body } = makeEvent({ object: 'v2.core.event', type: 'v1.billing.meter.error_report_triggered' });
    expect(await send(body, sign(body, current))).toMatchObject({ status: 200, body: { result: 'ignored' } });
    expect(await inboxOf(id)).toEqual([]);
  });

  it('is not taken where no secret is set', async () => {
    const { id, body } = makeEvent();
    const headers = { 'stripe-signature': sign(body, '') };
    expect((await bare.call('POST', path, { body, headers })).status).toBe(404);
    expect(await inboxOf(id)).toEqual([]);
  });
});
