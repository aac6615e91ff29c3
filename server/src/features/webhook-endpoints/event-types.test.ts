import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventTypeNames, eventTypes, exampleMessage, webhookMessage } from '@base/shared/contracts/event-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endOf, orderJob } from '../../testing/jobs.ts';
import { addMember, makeTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

const migrations = path.resolve(import.meta.dirname, '../../../../supabase/migrations');
const sql = readdirSync(migrations)
  .map((name) => readFileSync(path.join(migrations, name), 'utf8'))
  .join('\n');

/** What stands where events are written: an insert, or a call of tell. */
const writers = [
  ...sql.matchAll(/insert into public\.events[^;]*;?/g),
  ...sql.matchAll(/private\.tell(?:_locked)?\([^;]*;/g),
  ...sql.matchAll(/create function private\.tell_of\(\)[\s\S]*?\n\$\$;/g),
].map(([text]) => text);

/** Types that are put together from a beginning and a status. */
const composed: Readonly<Record<string, readonly string[]>> = {
  'job.': ['failed', 'canceled'],
  'subscription.': ['created', 'updated', 'canceled'],
  'invoice.': ['payment_failed', 'payment_action_required'],
};

function writtenTypes(): Set<string> {
  const types = new Set<string>();
  for (const text of writers) {
    for (const [, type = ''] of text.matchAll(/'([a-z_]+\.[a-z_]+)'/g)) if (!type.startsWith('base.')) types.add(type);
    for (const [, start = ''] of text.matchAll(/'([a-z_]+\.)' \|\|/g)) {
      for (const end of composed[start] ?? ['?']) types.add(start + end);
    }
  }
  return types;
}

describe('the catalogue', () => {
  it('names exactly the types that the database writes', () => {
    expect(writers.length).toBeGreaterThan(15);
    expect([...writtenTypes()].sort()).toEqual([...eventTypeNames].sort());
  });

  it.each(eventTypeNames)('has an example of %s that fits its own schema, and is far below 20 kB', (name) => {
    const message = webhookMessage.parse(exampleMessage(name));
    expect(eventTypes[name].data.strict().safeParse(message.data)).toMatchObject({ success: true });
    expect(JSON.stringify(message).length).toBeLessThan(2_000);
  });
});

describe('what is written', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  it('fits the catalogue: people, keys, jobs, generations, invitations', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const call = async (method: string, url: string, body?: unknown) => {
      const answer = await api.call(method, `/api/v1${url}`, { token: tenant.token, body });
      expect(answer.status, answer.text).toBeLessThan(300);
      return answer.body;
    };
    const key = await call('POST', '/api-keys', { name: 'one', scopes: ['read'] });
    const rotated = await call('POST', `/api-keys/${String(key.id)}/rotate`, {});
    await call('DELETE', `/api-keys/${String(rotated.id)}`);
    await call('POST', '/organization/invitations', { email: 'd@b.test', role: 'viewer' });
    const member = await addMember(api, tenant, 'member');
    await call('PATCH', `/organization/members/${member.userId}`, { role: 'viewer' });
    await call('DELETE', `/organization/members/${member.userId}`);
    const done = await endOf(api, tenant, (await orderJob(api, tenant)).id);
    await call('DELETE', `/generations/${done.generation_ids[0] ?? ''}`);
    const failed = await orderJob(api, tenant, { sandbox: 'fail=422' });
    await endOf(api, tenant, failed.id);
    await api.deps.pool.query(
      `with made as (insert into provider_api_keys (id, organization_id, provider, ciphertext, last4) values (public.uuid_v7(), $1, 'fal', 'x', 'last') returning id)
       select 1`,
      [tenant.organizationId],
    );
    for (const isValid of [false, false, true]) {
      await api.deps.pool.query(
        'update provider_api_keys set is_valid = $2, check_at = null where organization_id = $1',
        [tenant.organizationId, isValid],
      );
    }

    const { rows } = await api.deps.pool.query<{ type: string; resource_id: string; data: Record<string, unknown> }>(
      'select type, resource_id, data from events where organization_id = $1 order by id',
      [tenant.organizationId],
    );
    for (const { type, resource_id: id, data } of rows) {
      const known = Object.entries(eventTypes).find(([name]) => name === type)?.[1];
      expect(known?.data.strict().safeParse({ id, ...data }), `${type} ${JSON.stringify(data)}`).toMatchObject({
        success: true,
      });
    }
    const counts = new Map<string, number>();
    for (const { type } of rows) counts.set(type, (counts.get(type) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toMatchObject({
      'api_key.created': 1,
      'api_key.rotated': 1,
      'api_key.revoked': 1,
      'member.invited': 1,
      'member.joined': 2,
      'member.role_changed': 1,
      'member.removed': 1,
      'generation.deleted': 1,
      'provider_key.invalid': 1,
      'job.completed': 1,
      'job.failed': 1,
    });
    expect(JSON.stringify(rows)).not.toMatch(/d@b\.test|base_live_/);
  });
});
