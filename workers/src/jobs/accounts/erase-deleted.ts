import type { Logger } from '@base/shared/log/logger';
import type { Pool } from 'pg';
import type { Schedule } from '../schedule.ts';
import { type AccountEraser, createAccountEraser } from './account-eraser.ts';

/** How long a deletion can be thought over; the API's documentation and docs/decisions/0018 name it too. */
const graceDays = 30;
const batchSize = 100;
const filesPerCall = 500;
/** What is left over is for the next run. */
const organizationsPerRun = 1_000;

export interface EraseDeps {
  pool: Pool;
  log: Logger;
  eraser: AccountEraser;
}

/** Takes the names and words out of what was deleted 30 days ago; the ledger stays. */
export const eraseDeleted: Schedule = {
  name: 'erase-deleted',
  everySeconds: 3_600,
  async run({ config, pool, log }) {
    await eraseDeletedBefore({ pool, log, eraser: createAccountEraser(config) }, graceDays);
    return undefined;
  },
};

/**
 * Erases people and organizations deleted more than so many days ago. Rows go first where the outside follows from them
 * (sign-ins), and last where it is found by them (files), so that a crash anywhere is made up for by the next run.
 * @throws Error at the end when something outside could not be removed; all else has been done then
 */
export async function eraseDeletedBefore({ pool, log, eraser }: EraseDeps, days: number): Promise<void> {
  const people = await eraseUsers(pool, days);
  const failures = [...(await removeSignIns(pool, eraser)), ...(await eraseOrganizations(pool, eraser, days))];
  if (people > 0) log.info({ people }, 'people erased');
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} erasures wait for the next run`);
}

async function eraseUsers(pool: Pool, days: number): Promise<number> {
  let total = 0;
  for (;;) {
    const { rows } = await pool.query<{ erased: number }>('select public.erase_users($1, $2) as erased', [
      days,
      batchSize,
    ]);
    const erased = rows[0]?.erased ?? 0;
    if (erased === 0) return total;
    total += erased;
  }
}

async function removeSignIns(pool: Pool, eraser: AccountEraser): Promise<unknown[]> {
  const failures: unknown[] = [];
  const { rows } = await pool.query<{ id: string }>(
    'select id from public.users where erased_at is not null and sign_in_erased_at is null order by erased_at limit 1000',
  );
  for (const { id } of rows) {
    try {
      await eraser.removeSignIn(id);
      await pool.query('update public.users set sign_in_erased_at = clock_timestamp() where id = $1', [id]);
    } catch (error) {
      // One that fails must not keep the others; the caller reports it.
      failures.push(error);
    }
  }
  return failures;
}

async function eraseOrganizations(pool: Pool, eraser: AccountEraser, days: number): Promise<unknown[]> {
  const failures: unknown[] = [];
  const { rows } = await pool.query<{ id: string }>('select id from public.organizations_to_erase($1, $2) as t (id)', [
    days,
    organizationsPerRun,
  ]);
  for (const { id } of rows) {
    try {
      await removeFilesOf(id, pool, eraser);
      await pool.query('select public.erase_organization($1, $2)', [id, days]);
    } catch (error) {
      // As above.
      failures.push(error);
    }
  }
  return failures;
}

async function removeFilesOf(organizationId: string, pool: Pool, eraser: AccountEraser): Promise<void> {
  let after = { job_id: '00000000-0000-0000-0000-000000000000', position: 0 };
  for (;;) {
    const { rows } = await pool.query<typeof after & { paths: (string | null)[] }>(
      `select j.id as job_id, g.position, array[g.storage_path, g.thumbnail_path] as paths
       from public.ai_jobs j join public.generations g on g.job_id = j.id
       where j.organization_id = $1 and (j.id, g.position) > ($2, $3) order by j.id, g.position limit $4`,
      [organizationId, after.job_id, after.position, filesPerCall],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    await eraser.removeFiles(rows.flatMap(({ paths }) => paths).filter((path) => path !== null));
    after = last;
  }
}
