import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Ledger, openLedger } from '../../testing/open-ledger.ts';

// A database of its own: dropping a month stops everybody who writes to the log.
let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger(inject('stack').database_url, 'audit');
});
afterAll(() => ledger?.close());

const keep = async (ahead: number, kept: number) =>
  (await ledger.pool.query<{ made: number; dropped: number }>('select * from keep_audit_months($1, $2)', [ahead, kept]))
    .rows[0];

async function months(): Promise<string[]> {
  const { rows } = await ledger.pool.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'public.audit_logs'::regclass and c.relname <> 'audit_logs_other' order by 1`,
  );
  return rows.map((row) => row.name);
}

it('makes the months that are missing, once, and drops those that are older than they are kept, and no other', async () => {
  const before = await months();
  expect(await keep(5, 24)).toEqual({ made: 2, dropped: 0 });
  expect(await keep(5, 24)).toEqual({ made: 0, dropped: 0 });
  await ledger.pool.query('create table private.audit_logs_2020_01 (like public.audit_logs including constraints)');
  await ledger.pool.query(
    `alter table public.audit_logs attach partition private.audit_logs_2020_01
     for values from ('016f5e66-e800-7000-8000-000000000000') to ('016ffe0b-9800-7000-8000-000000000000')`,
  );
  expect(await months()).toHaveLength(before.length + 3);
  expect(await keep(5, 24)).toEqual({ made: 0, dropped: 1 });
  expect((await months()).slice(0, before.length)).toEqual(before);
  const { rows } = await ledger.pool.query(
    `select bool_and(c.relrowsecurity and c.relforcerowsecurity) as guarded from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'public.audit_logs'::regclass`,
  );
  expect(rows).toEqual([{ guarded: true }]);
});

it('never refuses an entry: what no month covers goes to the rest', async () => {
  const { rows } = await ledger.pool.query(
    `insert into audit_logs (id, actor_type, action, resource_type, outcome)
     values ('ffffffff-0000-7000-8000-000000000000', 'system', 'plan.updated', 'plan', 'success') returning tableoid::regclass::text as place`,
  );
  expect(rows).toEqual([{ place: 'private.audit_logs_other' }]);
});

it('cannot be emptied', async () => {
  await expect(ledger.pool.query('truncate audit_logs')).rejects.toThrow('append-only');
});
