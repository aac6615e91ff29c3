import type { Db } from '@base/shared/db/database';
import { sql } from 'kysely';
import { type JobRow, jobColumns } from './job-row.ts';

/** Counting the line further than this would cost more the longer the line is. */
const positionMax = 1000;

/** One job of the organization, with its place in line while it waits (1000 means "1000 or more"). */
export async function findJob(db: Db, organizationId: string, id: string): Promise<JobRow | undefined> {
  return db
    .selectFrom('ai_jobs as j')
    .select(jobColumns.map((column) => `j.${column}` as const))
    .select(
      sql<number | null>`case when j.status = 'pending' then (
        select count(*) + 1 from (
          select from ai_jobs w
          where w.organization_id = j.organization_id and w.status = 'pending' and (w.priority, w.id) < (j.priority, j.id)
          limit ${positionMax - 1}) ahead) end`.as('queue_position'),
    )
    .where('j.organization_id', '=', organizationId)
    .where('j.id', '=', id)
    .executeTakeFirst();
}
