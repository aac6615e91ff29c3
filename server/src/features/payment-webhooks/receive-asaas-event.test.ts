import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type TestApi } from '../../testing/start-api.ts';

const token = 'whtok-tests-0123456789abcdef';
let api: TestApi;
beforeAll(async () => {
  api = await startApi({ ASAAS_WEBHOOK_TOKEN: token });
});
afterAll(() => api.close());

const newId = () => `evt_${randomBytes(16).toString('hex')}&368604920`;
const eventOf = (id: string, event = 'PAYMENT_BANK_SLIP_VIEWED') =>
  JSON.stringify({ id, event, dateCreated: '2026-06-12 16:45:03', payment: { id: 'pay_1', value: 19.9 } });

async function deliver(body: string | Uint8Array<ArrayBuffer>, given: string | null = token) {
  const headers = { 'content-type': 'application/json', ...(given !== null && { 'asaas-access-token': given }) };
  const answer = await fetch(`${api.url}/api/v1/webhooks/asaas`, { method: 'POST', headers, body });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }; // the API answers objects
}

/** What the inbox has of an event; the stack's worker may have carried it out already. */
async function findEvents(part: string) {
  const { rows } = await api.deps.pool.query(
    `select event_id, type, payload from payment_events where gateway = 'asaas' and (event_id = $1 or position($1 in payload) > 0)`,
    [part],
  );
  return rows;
}

describe('an event of Asaas', () => {
  it('is kept word for word, once, and answered with exactly 200 each time', async () => {
    const id = newId();
    const body = eventOf(id);
    expect(await deliver(body)).toEqual({ status: 200, body: { result: 'received' } });
    expect(await deliver(body)).toEqual({ status: 200, body: { result: 'replayed' } });
    expect(await findEvents(id)).toEqual([{ event_id: id, type: 'PAYMENT_BANK_SLIP_VIEWED', payload: body }]);
  });

  it('delivered many times at once is kept once', async () => {
    const id = newId();
    const answers = await Promise.all(Array.from({ length: 10 }, () => deliver(eventOf(id))));
    expect(answers.map(({ body }) => body.result).sort()).toEqual(['received', ...Array(9).fill('replayed')].sort());
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(await findEvents(id)).toHaveLength(1);
  });

  it.each([
    ['no token', null],
    ['another token', 'whtok-tests-0123456789abcdeg'],
    ['the beginning of the token', token.slice(0, -1)],
    ['an empty token', ''],
  ])('with %s is refused without a trace', async (_, given) => {
    const id = newId();
    expect(await deliver(eventOf(id), given)).toMatchObject({ status: 401, body: { code: 'invalid_signature' } });
    expect(await findEvents(id)).toEqual([]);
    expect(api.logged()).not.toContain(token);
  });

  it.each([
    ['no JSON', (id: string) => `{"id": "${id}", "event": `],
    ['no object', (id: string) => `["${id}"]`],
    ['no id', (id: string) => `{"event": "PAYMENT_RECEIVED", "note": "${id}"}`],
    ['an id with a NUL', (id: string) => `{"id": "a\\u0000b", "event": "PAYMENT_RECEIVED", "note": "${id}"}`],
    ['no type', (id: string) => `{"id": "${id}"}`],
    ['a type that is none', (id: string) => `{"id": "${id}", "event": "'; drop table payments"}`],
    ['a NUL byte in it', (id: string) => `{"id": "${id}" \0}`],
  ])(
    'that has %s is taken all the same, so that Asaas does not stop sending, and is kept to be looked at',
    async (_, make) => {
      const id = newId();
      expect(await deliver(make(id))).toEqual({ status: 200, body: { result: 'received' } });
      expect(await deliver(make(id))).toEqual({ status: 200, body: { result: 'replayed' } });
      expect(await findEvents(id)).toMatchObject([{ event_id: expect.stringMatching(/^sha256:/), type: 'MALFORMED' }]);
    },
  );

  it('of bytes that are no text is taken, too', async () => {
    expect((await deliver(new Uint8Array([0xff, 0xfe, 0, 1, ...randomBytes(8)]))).status).toBe(200);
  });

  it('is not expected where no token was agreed on', async () => {
    const other = await startApi();
    try {
      const id = newId();
      const headers = { 'asaas-access-token': '' };
      const answer = await fetch(`${other.url}/api/v1/webhooks/asaas`, { method: 'POST', headers, body: eventOf(id) });
      expect(answer.status).toBe(404);
      expect(await findEvents(id)).toEqual([]);
    } finally {
      await other.close();
    }
  });
});
