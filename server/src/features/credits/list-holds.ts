import { hold } from '@base/shared/contracts/credits';
import { page, pageQuery } from '@base/shared/contracts/wire';
import type { CreditHolds } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';

export const listHolds = endpoint({
  method: 'get',
  path: '/credits/holds',
  tag: 'credits',
  summary: 'What is or was set aside for jobs, newest first',
  access: 'credits:read',
  query: pageQuery.extend({ status: z.enum(['held', 'captured', 'released']).optional() }),
  responses: { 200: { description: 'A page of holds.', body: page(hold) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let holds = deps.db.selectFrom('credit_holds').selectAll().where('organization_id', '=', principal.organizationId);
    if (below !== null) holds = holds.where('id', '<', below);
    if (query.status !== undefined) holds = holds.where('status', '=', query.status);
    const rows = await holds.orderBy('id', 'desc').limit(take).execute();
    return ok(presentPage(rows, query.limit, presentHold));
  },
});

function presentHold(row: Selectable<CreditHolds>): z.input<typeof hold> {
  return {
    id: row.id,
    object: 'credit_hold',
    job_id: row.job_id,
    amount: row.amount,
    status: row.status,
    captured_amount: row.captured_amount,
    created_at: row.created_at.toISOString(),
    resolved_at: row.resolved_at?.toISOString() ?? null,
  };
}
