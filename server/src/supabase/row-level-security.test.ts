import { createClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { endOf, orderJob } from '../testing/jobs.ts';
import { makeKey, makeTenant, type TestTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
let owner: TestTenant;
let stranger: TestTenant;
let tables: string[];
beforeAll(async () => {
  api = await startApi();
  owner = await makeTenant(api, { plan: 'professional' });
  stranger = await makeTenant(api);
  await makeKey(api, owner);
  const { id } = await orderJob(api, owner);
  await endOf(api, owner, id);
  const { rows } = await api.deps.pool.query(
    `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  );
  tables = rows.map((row) => row.name);
});
afterAll(() => api.close());

/** A browser's client: the public key, and a user's token or none. */
function browser(token: string | null) {
  const stack = inject('stack');
  return createClient(stack.supabase_url, stack.supabase_publishable_key, {
    auth: { persistSession: false, autoRefreshToken: false },
    ...(token === null ? {} : { global: { headers: { Authorization: `Bearer ${token}` } } }),
  });
}

const publicTables = new Set(['credit_packs', 'plans', 'models', 'voices', 'pricing']);
const ownerColumn = (table: string) => (table === 'organizations' ? 'id' : 'organization_id');

/** Columns that the role may read at all, so that a refusal of one column does not hide what rows it would see. */
async function readableColumns(table: string): Promise<string[]> {
  const { rows } = await api.deps.pool.query(
    `select a.attname as name from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
     and has_column_privilege('authenticated', a.attrelid, a.attnum, 'select')`,
    [`public.${table}`],
  );
  return rows.map((row) => row.name);
}

describe('through Supabase’s own API', () => {
  it('no table shows a row of another organization, to a stranger or to nobody', async () => {
    expect(tables.length).toBeGreaterThan(20);
    for (const table of tables.filter((name) => !publicTables.has(name))) {
      const columns = await readableColumns(table);
      for (const token of [stranger.token, null]) {
        const query = browser(token)
          .from(table)
          .select(columns.length > 0 ? columns.join(',') : '*');
        const { data } = columns.includes(ownerColumn(table))
          ? await query.eq(ownerColumn(table), owner.organizationId)
          : await query;
        expect(data ?? [], `${table} as ${token === null ? 'nobody' : 'a stranger'}`).toEqual([]);
      }
    }
  });

  it('the owner does see what belongs to the organization', async () => {
    for (const table of [
      'ai_jobs',
      'generations',
      'api_keys',
      'credit_transactions',
      'credit_holds',
      'events',
      'usage_daily',
      'users',
    ]) {
      const { data, error } = await browser(owner.token)
        .from(table)
        .select((await readableColumns(table)).join(','));
      expect(error, table).toBeNull();
      expect(data?.length, table).toBeGreaterThan(0);
    }
  });

  it('hashes, ciphertexts and the providers’ words are shown to nobody', async () => {
    for (const [table, column] of [
      ['api_keys', 'key_hash'],
      ['invitations', 'token_hash'],
      ['provider_api_keys', 'ciphertext'],
      ['ai_jobs', 'error_detail'],
      ['ai_jobs', 'lease_token'],
      ['provider_attempts', 'provider_task_id'],
      ['pricing', 'cost_usd'],
    ] as const) {
      const { data, error } = await browser(owner.token).from(table).select(column);
      expect([data, error?.code], `${table}.${column}`).toEqual([null, '42501']);
    }
  });

  it('nobody writes to any table, not even to rows of the own organization', async () => {
    const before = await api.deps.pool.query(
      'select to_jsonb(b) as row from credit_balances b where organization_id = $1',
      [owner.organizationId],
    );
    const { rows } = await api.deps.pool.query<{ name: string; first: string }>(
      `select c.relname as name, a.attname as first from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum = 1
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`,
    );
    for (const { name, first } of rows) {
      for (const token of [owner.token, stranger.token, null]) {
        const table = browser(token).from(name);
        const row: Record<string, unknown> = { [first]: owner.organizationId };
        const results = [
          await table.insert([row] as never), // the client knows no table types here
          await table.update(row as never).not(first, 'is', null), // same
          await table.delete().not(first, 'is', null),
        ];
        // 42501: permission denied, before anything else about the row is looked at.
        expect(
          results.map((result) => result.error?.code),
          name,
        ).toEqual(['42501', '42501', '42501']);
      }
    }
    const after = await api.deps.pool.query(
      'select to_jsonb(b) as row from credit_balances b where organization_id = $1',
      [owner.organizationId],
    );
    expect(after.rows).toEqual(before.rows);
  });

  it('nobody calls the functions that move money', async () => {
    const { rows } = await api.deps.pool.query(
      `select distinct p.proname as name from pg_proc p where p.pronamespace = 'public'::regnamespace
       and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`,
    );
    const names: string[] = rows.map((row) => row.name);
    expect(names).toContain('credit_credits');
    for (const name of names) {
      for (const token of [owner.token, null]) {
        const { error } = await browser(token).rpc(name, {});
        expect(error, name).not.toBeNull();
      }
    }
  });
});
