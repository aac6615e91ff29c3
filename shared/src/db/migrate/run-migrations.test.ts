import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pendingMigrations, readMigrations, runMigrations } from './run-migrations.ts';

const name = `migrate_${process.pid}`;
let admin: pg.Client;
let url: string;
beforeAll(async () => {
  const stack = inject('stack');
  admin = new pg.Client({ connectionString: stack.database_url });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const target = new URL(stack.database_url);
  target.pathname = `/${name}`;
  url = target.href;
});
afterAll(async () => {
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.end();
});

describe('runMigrations', () => {
  it('on plain PostgreSQL, from five processes at once, applies each file exactly once', async () => {
    const lines: string[] = [];
    await Promise.all(
      Array.from({ length: 5 }, () => runMigrations({ databaseUrl: url, log: (line) => void lines.push(line) })),
    );
    const files = await readMigrations();
    expect(lines.filter((line) => line.startsWith('applied '))).toHaveLength(files.length);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      expect(await pendingMigrations(client)).toEqual([]);
      expect((await client.query('select * from public.verify_ledger()')).rows).toEqual([]);
      await client.query(
        `update supabase_migrations.schema_migrations set statements = array['select 1'] where version = $1`,
        [files[0]?.version],
      );
    } finally {
      await client.end();
    }
    await expect(runMigrations({ databaseUrl: url })).rejects.toThrow(/npm run reset/);
  });
});

describe('the schema', () => {
  const rowsOf = async (sql: string) => (await admin.query(sql)).rows;

  it('has row level security, enabled and forced, on every table', async () => {
    expect(
      await rowsOf(`select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and not (c.relrowsecurity and c.relforcerowsecurity)`),
    ).toEqual([]);
  });

  it('lets nobody but the service execute functions, and pins every search path', async () => {
    expect(
      await rowsOf(`select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'public'::regnamespace
        and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
        and (has_function_privilege('anon', p.oid, 'execute') or has_function_privilege('authenticated', p.oid, 'execute')
          or not exists (select from unnest(coalesce(p.proconfig, '{}')) s where s like 'search_path=%'))`),
    ).toEqual([]);
  });

  it('lets browsers write to no table', async () => {
    expect(
      await rowsOf(`select c.relname from pg_class c, unnest(array['anon', 'authenticated']) r, unnest(array['insert', 'update', 'delete', 'truncate']) v
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and has_table_privilege(r, c.oid, v)`),
    ).toEqual([]);
  });

  it('has an index behind every foreign key, and calls auth functions once per query in policies', async () => {
    expect(
      await rowsOf(`select k.conrelid::regclass::text as name, k.conname from pg_constraint k where k.connamespace = 'public'::regnamespace and k.contype = 'f'
        and not exists (select from pg_index i where i.indrelid = k.conrelid and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)`),
    ).toEqual([]);
    expect(
      await rowsOf(`select polname from pg_policy where pg_get_expr(polqual, polrelid) ~ 'current_organization_id|auth[.]'
        and pg_get_expr(polqual, polrelid) !~* 'select\\s+(private|auth)[.]'`),
    ).toEqual([]);
  });

  it.each(['credit_transactions', 'events', 'audit_logs'])('refuses to change or delete rows of %s', async (table) => {
    const organization = '(select id from organizations limit 1)';
    await admin.query('begin');
    try {
      const insert = {
        credit_transactions: `insert into credit_transactions (id, organization_id, type, amount, balance_after, reference_type, reference_id, description)
          values (uuid_v7(), ${organization}, 'bonus', 1, 1, 't', 'append-only', 't')`,
        events: `insert into events (id, organization_id, type, resource_id, data) values (uuid_v7(), ${organization}, 't', uuid_v7(), '{}')`,
        audit_logs: `insert into audit_logs (id, organization_id, actor_type, action, resource_type, outcome) values (uuid_v7(), ${organization}, 'system', 't', 't', 'success')`,
      }[table];
      await admin.query(
        `insert into organizations (id, name, slug) values (uuid_v7(), 'append-only', 'append-only-test')`,
      );
      await admin.query(insert ?? '');
      for (const change of [`update ${table} set created_at = now()`, `delete from ${table}`]) {
        await admin.query('savepoint before');
        await expect(admin.query(change)).rejects.toThrow(/append-only/);
        await admin.query('rollback to before');
      }
    } finally {
      await admin.query('rollback');
    }
  });
});
