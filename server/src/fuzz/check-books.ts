import { hash } from 'node:crypto';
import type { Database } from '@base/shared/db/database';

type Pool = Database['pool'];

export interface Books {
  /** What has changed although it must not have, in sentences. */
  findChanges(): Promise<string[]>;
}

/** Written by the schedule that asks providers about keys, at any time and for everybody. */
const scheduled = ['check_at', 'validated_at', 'is_valid', 'last_error', 'updated_at'];

/** The rows that are compared, where schedules write to a table at any time and for everybody. */
const compared: Readonly<Record<string, string>> = {
  audit_logs: `t.actor_type <> 'system'`,
  budget_alerts: 'false',
  email_outbox: 'false',
  events: `t.type !~ '^(budget|credits|provider_key)\\.'`,
};

/**
 * Takes down what the tenants have now.
 * @param whose.active they send requests: their credits may go for jobs only, their people and plan stay as they are
 * @param whose.silent sends none: nothing of it changes
 * @param whose.exempt people whose role their admins change
 */
export async function openBooks(
  pool: Pool,
  whose: { active: readonly string[]; silent: string; exempt: readonly string[] },
): Promise<Books> {
  const { active, silent, exempt } = whose;
  const tables = await listTenantTables(pool);
  const digests = await digestRows(pool, tables, silent);
  const balances = await Promise.all(active.map((id) => readUncharged(pool, id)));
  const standings = await Promise.all(active.map((id) => readStanding(pool, id, exempt)));
  return {
    async findChanges() {
      const changes: string[] = [];
      const now = await digestRows(pool, tables, silent);
      for (const [table, digest] of digests) {
        if (now.get(table) !== digest) changes.push(`rows of the silent tenant in ${table} have changed`);
      }
      for (const [index, id] of active.entries()) {
        const uncharged = await readUncharged(pool, id);
        if (uncharged !== balances[index]) {
          changes.push(`organization ${id}: balance and charges of jobs make ${uncharged}, not ${balances[index]}`);
        }
        if ((await readStanding(pool, id, exempt)) !== standings[index]) {
          changes.push(`organization ${id}: a role, an account or the plan has changed`);
        }
      }
      for (const id of [...active, silent]) {
        const { rows } = await pool.query('select * from public.verify_ledger($1)', [id]);
        changes.push(...rows.map((row) => `ledger: ${JSON.stringify(row)}`));
      }
      return changes;
    },
  };
}

async function listTenantTables(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select t.table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'public' and c.column_name = 'organization_id' and t.table_type = 'BASE TABLE' order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function digestRows(pool: Pool, tables: readonly string[], organizationId: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  const read = async (table: string, column: string): Promise<void> => {
    // Names of tables come from the database's own list.
    const { rows } = await pool.query<{ row: unknown }>(
      `select to_jsonb(t) - $2::text[] as row from public."${table}" t where t."${column}" = $1 and ${compared[table] ?? 'true'} order by to_jsonb(t)::text`,
      [organizationId, table === 'provider_api_keys' ? scheduled : []],
    );
    digests.set(table, `${rows.length} ${hash('sha256', JSON.stringify(rows))}`);
  };
  await read('organizations', 'id');
  for (const table of tables) await read(table, 'organization_id');
  return digests;
}

/** The balance with what jobs have been charged put back: jobs may end meanwhile, and it stays the same. */
async function readUncharged(pool: Pool, organizationId: string): Promise<number> {
  const { rows } = await pool.query<{ credits: number }>(
    `select (b.balance + coalesce((select sum(j.credits_charged) from public.ai_jobs j where j.organization_id = b.organization_id), 0))::bigint as credits
     from public.credit_balances b where b.organization_id = $1`,
    [organizationId],
  );
  return rows[0]?.credits ?? Number.NaN;
}

async function readStanding(pool: Pool, organizationId: string, exempt: readonly string[]): Promise<string> {
  const { rows } = await pool.query(
    `select o.plan_id, o.owner_id, o.custom_limits, o.is_active, o.deleted_at,
       (select jsonb_agg(jsonb_build_array(u.id, u.role, u.email, u.is_active, u.deleted_at) order by u.id)
        from public.users u where u.organization_id = o.id and u.id <> all ($2::uuid[])) as people,
       (select count(*) from public.credit_grants g where g.organization_id = o.id) as grants
     from public.organizations o where o.id = $1`,
    [organizationId, exempt],
  );
  return JSON.stringify(rows);
}
