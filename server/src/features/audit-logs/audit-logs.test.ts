import { randomUUID } from 'node:crypto';
import { until } from '@base/shared/testing/until';
import { createClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addMember, makeKey, makeTenant, signSession, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

interface Entry {
  id: string;
  action: string;
  actor: { type: string; id: string | null };
  resource: { type: string; id: string | null };
  old_values: Record<string, unknown> | null;
  new_values: Record<string, unknown> | null;
  ip_address: string | null;
  user_agent: string | null;
  request_id: string | null;
  outcome: string;
}

async function list(tenant: TestTenant, query = ''): Promise<Entry[]> {
  const answer = await api.call('GET', `/api/v1/audit-logs?limit=1000${query}`, { token: tenant.token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data as Entry[]; // validated against the declared schema by the HTTP layer
}

describe('what is written', () => {
  it('says who changed what, from where, with which request, and only what is different', async () => {
    const tenant = await makeTenant(api);
    const answer = await api.call('PATCH', '/api/v1/organization', {
      token: tenant.token,
      body: { name: 'Another name' },
      headers: { 'user-agent': 'a browser', 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'req-for-audit-1' },
    });
    expect(answer.status).toBe(200);
    const [entry] = await list(tenant, '&action=organization.updated');
    expect(entry).toMatchObject({
      actor: { type: 'user', id: tenant.userId },
      resource: { type: 'organization', id: tenant.organizationId },
      new_values: { name: 'Another name' },
      ip_address: '203.0.113.9',
      user_agent: 'a browser',
      request_id: answer.headers.get('x-request-id'),
      outcome: 'success',
    });
    expect(Object.keys(entry?.old_values ?? {})).toEqual(['name']);
  });

  it('has the beginning of an account, and nothing of a refused or useless change', async () => {
    const tenant = await makeTenant(api);
    expect((await list(tenant)).map((entry) => entry.action).sort()).toEqual(
      expect.arrayContaining(['organization.created', 'user.created']),
    );
    const before = (await list(tenant)).length;
    const { body } = await api.call('GET', '/api/v1/organization', { token: tenant.token });
    await api.call('PATCH', '/api/v1/organization', { token: tenant.token, body: { name: body.name } });
    await api.call('PATCH', '/api/v1/organization', { token: tenant.token, body: { name: '' } });
    const other = await makeTenant(api);
    const { body: theirs } = await api.call('GET', '/api/v1/organization', { token: other.token });
    const taken = await api.call('PATCH', '/api/v1/organization', { token: tenant.token, body: { slug: theirs.slug } });
    expect(taken.status).toBe(409);
    expect(await list(tenant)).toHaveLength(before);
  });

  it('follows a key from its making to its end, with its hash masked and the key as actor where the key acts', async () => {
    const tenant = await makeTenant(api, { plan: 'enterprise' });
    const key = await makeKey(api, tenant, { scopes: ['admin'] });
    await api.call('PATCH', '/api/v1/organization', { token: key, body: { name: 'By key' } });
    const { body: keys } = await api.call('GET', '/api/v1/api-keys', { token: tenant.token });
    const [{ id }] = keys.data as [{ id: string }];
    await api.call('POST', `/api/v1/api-keys/${id}/rotate`, { token: tenant.token, body: { overlap_seconds: 0 } });
    const actions = (await list(tenant, '&action=api_key')).map((entry) => entry.action);
    expect(actions.filter((action) => action !== 'api_key.used_from_new_address').reverse()).toEqual([
      'api_key.created',
      'api_key.rotated',
      'api_key.revoked',
    ]);
    const [made] = await list(tenant, '&action=api_key.created');
    expect(made?.new_values).toMatchObject({ key_hash: '[secret]', name: 'test' });
    const [changed] = await list(tenant, '&action=organization.updated');
    expect(changed?.actor).toEqual({ type: 'api_key', id });
    const { rows } = await api.deps.pool.query('select a::text from audit_logs a where organization_id = $1', [
      tenant.organizationId,
    ]);
    expect(JSON.stringify(rows)).not.toContain(key);
  });

  it('tells a key’s first use from each address, once', async () => {
    const tenant = await makeTenant(api, { plan: 'enterprise' });
    const key = await makeKey(api, tenant);
    for (const address of ['198.51.100.1', '198.51.100.2', '198.51.100.1', '2001:db8::1', '2001:db8::2']) {
      await api.call('GET', '/api/v1/me', { token: key, headers: { 'x-forwarded-for': address } });
    }
    const seen = await until(
      'three addresses are noted',
      async () => {
        const entries = await list(tenant, '&action=api_key.used_from_new_address');
        return entries.length >= 3 ? entries : null;
      },
      { intervalMs: 300 },
    );
    expect(seen.map((entry) => entry.ip_address).sort()).toEqual([
      '198.51.100.1',
      '198.51.100.2',
      expect.stringContaining('2001:db8::'),
    ]);
  });

  it('has logins, failed logins and logouts; of an address without an account only a hint', async () => {
    const email = `${randomUUID()}@people.test`;
    const password = 'correct horse battery';
    const auth = (path: string, body: unknown, token?: string) =>
      api.call('POST', `/api/v1/auth${path}`, {
        body,
        headers: { 'x-forwarded-for': `10.77.${Math.floor(Math.random() * 250)}.1` },
        ...(token === undefined ? {} : { token }),
      });
    const made = await auth('/register', { email, password });
    await auth('/login', { email, password: 'wrong' });
    const { body } = await auth('/login', { email, password });
    const session = body as { access_token: string; user: { id: string } };
    await auth('/logout', undefined, session.access_token);
    const tenant = { token: String(made.body.access_token), userId: session.user.id, organizationId: '' };
    const entries = (await list(tenant, '&resource_type=user'))
      .filter((entry) => /logged/.test(entry.action))
      .reverse();
    expect(entries.map(({ action, outcome, actor }) => [action, outcome, actor.type])).toEqual([
      ['user.logged_in', 'failure', 'anonymous'],
      ['user.logged_in', 'success', 'user'],
      ['user.logged_out', 'success', 'user'],
    ]);
    const unknown = `secret-${randomUUID()}@people.test`;
    await auth('/login', { email: unknown, password });
    const { rows } = await api.deps.pool.query(
      "select new_values from audit_logs where organization_id is null and action = 'user.logged_in' order by id desc limit 20",
    );
    expect(JSON.stringify(rows)).toContain('s***@people.test');
    expect(JSON.stringify(rows)).not.toContain(unknown);
  });

  it('shows both organizations their half when somebody moves', async () => {
    const host = await makeTenant(api, { plan: 'professional' });
    const email = `${randomUUID()}@people.test`;
    const guestId = randomUUID();
    const guest = { token: signSession({ sub: guestId, email }), userId: guestId, organizationId: '' };
    await api.call('GET', '/api/v1/me', { token: guest.token });
    const invited = await api.call('POST', '/api/v1/organization/invitations', {
      token: host.token,
      body: { email, role: 'member' },
    });
    expect(invited.status, invited.text).toBe(201);
    const token = String(invited.body.accept_url).split('#token=')[1] ?? '';
    const accepted = await api.call('POST', '/api/v1/invitations/accept', { token: guest.token, body: { token } });
    expect(accepted.status, accepted.text).toBe(200);
    const actions = (await list(host)).map((entry) => entry.action);
    expect(actions).toEqual(expect.arrayContaining(['invitation.created', 'invitation.accepted', 'user.joined']));
    const { rows } = await api.deps.pool.query(
      "select a::text from audit_logs a where organization_id = $1 and resource_type = 'invitation'",
      [host.organizationId],
    );
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});

/** Tables without the trigger, and why they need none. */
const unaudited: Record<string, string> = {
  ai_jobs: 'orders for work; canceling is recorded by cancel_job',
  api_key_networks: 'its rows are recorded as uses from a new address',
  api_key_usage: 'follows from jobs',
  audit_logs: 'the log itself',
  billing_customers: 'names of organizations at gateways; never changed',
  budget_alerts: 'written with the event that they are',
  credit_balances: 'follows from the ledger',
  credit_debts: 'follows from payments',
  credit_grants: 'follows from the ledger',
  credit_holds: 'follows from jobs',
  email_outbox: 'what is told of changes',
  events: 'append-only',
  gateway_prices: 'names of our prices at gateways; never changed',
  idempotency_keys: 'names rows that are audited',
  invoices: 'a copy of what gateways wrote',
  messages: 'written with the order of a job, never changed',
  notification_reads: 'who has seen what',
  payment_claims: 'what gateways said; its effect is in the ledger',
  payment_events: 'what gateways sent, word for word',
  payments: 'what gateways said; its effect is in the ledger',
  plan_changes: 'what somebody has asked a gateway for; its effect is recorded with the subscription',
  project_usage: 'follows from jobs',
  provider_attempts: 'follows from jobs',
  schedules: 'when the system does what',
  topups: 'what the settings lead to; their effect is in the ledger',
  usage_by_user: 'follows from jobs',
  usage_daily: 'follows from jobs',
  user_sync_events: 'append-only; what they change is recorded',
  voices: 'a copy of what providers offer',
  webhook_attempts: 'follows from deliveries',
  webhook_deliveries: 'follows from events',
  webhook_lanes: 'follows from deliveries',
};

describe('the log itself', () => {
  it('covers every table that has no reason to be left out', async () => {
    const { rows } = await api.deps.pool.query<{ name: string; audited: boolean }>(
      `select c.relname as name, exists (
         select from pg_trigger t where t.tgrelid = c.oid and t.tgfoid = 'private.audit'::regproc) as audited
       from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
    );
    const without = rows.filter((row) => !row.audited).map((row) => row.name);
    expect(without.filter((name) => unaudited[name] === undefined)).toEqual([]);
    expect(Object.keys(unaudited).filter((name) => !without.includes(name))).toEqual([]);
  });

  it('cannot be changed or deleted, and is written to the partition of its month', async () => {
    const tenant = await makeTenant(api);
    const one = 'update audit_logs set outcome = $2 where organization_id = $1';
    await expect(api.deps.pool.query(one, [tenant.organizationId, 'failure'])).rejects.toThrow('append-only');
    const two = 'delete from audit_logs where organization_id = $1';
    await expect(api.deps.pool.query(two, [tenant.organizationId])).rejects.toThrow('append-only');
    const { rows } = await api.deps.pool.query<{ partition: string; month: string }>(
      `select distinct a.tableoid::regclass::text as partition, to_char(a.created_at at time zone 'UTC', 'YYYY_MM') as month
       from audit_logs a where organization_id = $1`,
      [tenant.organizationId],
    );
    expect(rows).toEqual([{ partition: `private.audit_logs_${rows[0]?.month}`, month: rows[0]?.month }]);
  });

  it('goes away with a change that is rolled back', async () => {
    const tenant = await makeTenant(api);
    const before = (await list(tenant)).length;
    const client = await api.deps.pool.connect();
    await client.query('begin');
    await client.query("update organizations set name = 'never' where id = $1", [tenant.organizationId]);
    await client.query('rollback');
    client.release();
    expect(await list(tenant)).toHaveLength(before);
  });

  it('pages through everything once, filters by time, and is open to admins only', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const names = ['one', 'two', 'three', 'four', 'five'];
    for (const name of names) {
      await api.call('PATCH', '/api/v1/organization', { token: tenant.token, body: { name } });
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.call('GET', `/api/v1/audit-logs?limit=2${cursor}`, { token: tenant.token });
      seen.push(...(body.data as Entry[]).map((entry) => entry.id));
      cursor = body.has_more === true ? `&cursor=${String(body.next_cursor)}` : '';
    } while (cursor !== '');
    const all = await list(tenant);
    expect(seen).toEqual(all.map((entry) => entry.id));
    const later = new Date(Date.now() + 60_000).toISOString();
    expect(await list(tenant, `&from=${later}`)).toEqual([]);
    expect(await list(tenant, `&to=${later}`)).toHaveLength(all.length);
    expect(await list(tenant, `&resource_id=${randomUUID()}`)).toEqual([]);
    for (const role of ['manager', 'member', 'viewer'] as const) {
      const { token } = await addMember(api, tenant, role);
      expect((await api.call('GET', '/api/v1/audit-logs', { token })).status).toBe(403);
    }
    const refused = await api.call('GET', '/api/v1/audit-logs?actor_id=x&from=yesterday', { token: tenant.token });
    expect(refused.body).toMatchObject({
      status: 422,
      errors: [{ pointer: '/query/actor_id' }, { pointer: '/query/from' }],
    });
  });

  it('is a table for those who ask for CSV, with formulas made harmless and a link to the next page', async () => {
    const tenant = await makeTenant(api);
    await api.call('PATCH', '/api/v1/organization', {
      token: tenant.token,
      body: { name: '=1+1' },
      headers: { 'user-agent': '=cmd()' },
    });
    const answer = await api.call('GET', '/api/v1/audit-logs?limit=1', {
      token: tenant.token,
      headers: { accept: 'text/csv' },
    });
    expect(answer.headers.get('content-type')).toContain('text/csv');
    expect(answer.headers.get('link')).toMatch(/^<\/api\/v1\/audit-logs\?limit=1&cursor=[\w-]+>; rel="next"$/);
    const [head, row] = answer.text.split('\r\n');
    expect(head).toMatch(/^id,created_at,action,outcome,/);
    expect(row).toContain("'=cmd()");
  });

  it('shows a browser its own organization’s entries, and only to admins', async () => {
    const tenant = await makeTenant(api, { plan: 'professional' });
    const member = await addMember(api, tenant, 'member');
    const read = async (token: string) => {
      const { supabase_url: url, supabase_publishable_key: key } = inject('stack');
      const client = createClient(url, key, {
        auth: { persistSession: false, autoRefreshToken: false },
        global: { headers: { Authorization: `Bearer ${token}` } },
      });
      const { data, error } = await client.from('audit_logs').select('organization_id');
      expect(error).toBeNull();
      return data ?? [];
    };
    const own = await read(tenant.token);
    expect(own.length).toBeGreaterThan(0);
    expect(new Set(own.map((row) => row.organization_id))).toEqual(new Set([tenant.organizationId]));
    expect(await read(member.token)).toEqual([]);
  });
});
