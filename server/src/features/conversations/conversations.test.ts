import { randomUUID } from 'node:crypto';
import { type AssistantMessage, assistantMessage, conversationWithMessages } from '@base/shared/contracts/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMember, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const call = (tenant: TestTenant, method: string, path: string, body?: unknown) =>
  api.call(method, `/api/v1${path}`, { token: tenant.token, ...(body === undefined ? {} : { body }) });

async function say(tenant: TestTenant, message: string, conversationId?: string): Promise<AssistantMessage> {
  const { body } = await call(tenant, 'POST', '/assistant/messages', {
    message,
    ...(conversationId === undefined ? {} : { conversation_id: conversationId }),
  });
  return assistantMessage.parse(body);
}

const ids = (body: Record<string, unknown>) => (body.data as { id: string }[]).map(({ id }) => id); // a page, as declared

it('lists one’s own, newest first, page by page', async () => {
  const tenant = await makeTenant(api);
  const began: string[] = [];
  for (const word of ['one', 'two', 'three']) began.unshift((await say(tenant, word)).conversation_id);
  await say(await addMember(api, tenant, 'member'), 'not mine');
  const first = await call(tenant, 'GET', '/conversations?limit=2');
  expect(first.body).toMatchObject({
    has_more: true,
    data: [{ object: 'conversation', title: 'three' }, { title: 'two' }],
  });
  const rest = await call(tenant, 'GET', `/conversations?limit=2&cursor=${first.body.next_cursor}`);
  expect([...ids(first.body), ...ids(rest.body)]).toEqual(began);
  expect(rest.body).toMatchObject({ has_more: false, next_cursor: null });
});

it('shows the latest messages of one, and the earlier ones by cursor', async () => {
  const tenant = await makeTenant(api);
  const { conversation_id, id } = await say(tenant, 'one');
  const said = [id];
  for (const word of ['two', 'three', 'four', 'five']) said.unshift((await say(tenant, word, conversation_id)).id);
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await call(tenant, 'GET', `/conversations/${conversation_id}?limit=2${cursor}`);
    const { messages } = conversationWithMessages.parse(body);
    seen.push(...messages.data.map((message) => message.id));
    cursor = messages.next_cursor === null ? '' : `&cursor=${messages.next_cursor}`;
  } while (cursor !== '');
  expect(seen).toEqual(said);
});

it.each([
  ['the first words', 'Which kite\n  flies best?', 'Which kite flies best?'],
  ['no more than 80 characters', '🪁'.repeat(100), `${'🪁'.repeat(79)}…`],
])('has %s for a title', async (_, message, title) => {
  const tenant = await makeTenant(api);
  const { conversation_id } = await say(tenant, message);
  expect((await call(tenant, 'GET', `/conversations/${conversation_id}`)).body.title).toBe(title);
});

it('takes another title', async () => {
  const tenant = await makeTenant(api);
  const { conversation_id } = await say(tenant, 'one');
  const changed = await call(tenant, 'PATCH', `/conversations/${conversation_id}`, { title: ' Kites ' });
  expect(changed.body).toMatchObject({ id: conversation_id, title: 'Kites' });
  const refused = await call(tenant, 'PATCH', `/conversations/${conversation_id}`, { title: ' ' });
  expect(refused.body).toMatchObject({ status: 422, errors: [{ pointer: '/title' }] });
});

it('is gone when deleted, and its jobs are not', async () => {
  const tenant = await makeTenant(api);
  const { conversation_id, job } = await say(tenant, 'one');
  expect((await call(tenant, 'DELETE', `/conversations/${conversation_id}`)).status).toBe(204);
  expect((await call(tenant, 'GET', `/conversations/${conversation_id}`)).status).toBe(404);
  expect((await call(tenant, 'DELETE', `/conversations/${conversation_id}`)).status).toBe(404);
  expect(ids((await call(tenant, 'GET', '/conversations')).body)).toEqual([]);
  expect((await call(tenant, 'GET', `/jobs/${job.id}`)).status).toBe(200);
});

describe.each(['GET', 'PATCH', 'DELETE'])('%s', (method) => {
  it('404 for those of others, in the organization and outside, as for none', async () => {
    const [owner, stranger] = await Promise.all([makeTenant(api), makeTenant(api)]);
    const colleague = await addMember(api, owner, 'admin');
    const { conversation_id } = await say(owner, 'mine');
    const body = method === 'PATCH' ? { title: 'yours' } : undefined;
    for (const [tenant, id] of [
      [stranger, conversation_id],
      [colleague, conversation_id],
      [owner, randomUUID()],
    ] as const) {
      expect((await call(tenant, method, `/conversations/${id}`, body)).body).toMatchObject({ code: 'not_found' });
    }
    expect((await call(owner, 'GET', `/conversations/${conversation_id}`)).body.title).toBe('mine');
  });
});
