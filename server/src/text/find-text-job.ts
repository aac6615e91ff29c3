import type { Db } from '@base/shared/db/database';
import { ApiError } from '@base/shared/errors/api-error';
import { sql } from 'kysely';
import { type TextJobRow, textJobColumns } from './present-text-job.ts';

/** The organization's text job that was asked for an answer of this shape. @throws ApiError not_found */
export async function findTextJob(db: Db, organizationId: string, id: string, shapeName: string): Promise<TextJobRow> {
  const row = await db
    .selectFrom('ai_jobs')
    .select(textJobColumns)
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where(sql<boolean>`input #>> '{response_format,json_schema,name}' = ${shapeName}`)
    .executeTakeFirst();
  if (row === undefined) throw new ApiError('not_found');
  return row;
}
