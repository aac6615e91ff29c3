import { auditLog, auditLogQuery } from '@base/shared/contracts/audit-logs';
import { page } from '@base/shared/contracts/wire';
import { sql } from 'kysely';
import type * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { auditColumns, presentAuditLog } from './present-audit-log.ts';

export const listAuditLogs = endpoint({
  method: 'get',
  path: '/audit-logs',
  tag: 'audit',
  summary: 'Who did what, newest first',
  description:
    'Every change of the organization and its settings, sign-ins, failed ones too, and uses of API keys from new addresses. ' +
    'Written in the transaction of the change itself, and never changed. Orders for work are not repeated here: a job and ' +
    'its receipt say who ordered it, with which key and request. With `Accept: text/csv` the page is a table; `Link` leads to the next one.',
  access: 'audit_logs:read',
  query: auditLogQuery,
  responses: {
    200: {
      description: 'A page of entries.',
      body: page(auditLog),
      headers: { Link: 'For CSV: the next page, as `rel="next"`.' },
    },
  },
  errors: ['invalid_cursor'],
  csv: {
    columns: [
      'id',
      'created_at',
      'action',
      'outcome',
      'actor_type',
      'actor_id',
      'resource_type',
      'resource_id',
      'old_values',
      'new_values',
      'ip_address',
      'user_agent',
      'request_id',
    ],
    rows: ({ data }: { data: z.output<typeof auditLog>[] }) =>
      data.map(({ actor, resource, old_values, new_values, ...entry }) => ({
        ...entry,
        actor_type: actor.type,
        actor_id: actor.id,
        resource_type: resource.type,
        resource_id: resource.id,
        old_values: old_values === null ? null : JSON.stringify(old_values),
        new_values: new_values === null ? null : JSON.stringify(new_values),
      })),
  },
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let entries = deps.db
      .selectFrom('audit_logs')
      .select(auditColumns)
      .where('organization_id', '=', principal.organizationId);
    if (below !== null) entries = entries.where('id', '<', below);
    // Ids begin with their time, so bounds on ids leave out whole months.
    if (query.from !== undefined)
      entries = entries.where('id', '>=', sql<string>`private.uuid_v7_floor(${query.from})`);
    if (query.to !== undefined) entries = entries.where('id', '<', sql<string>`private.uuid_v7_floor(${query.to})`);
    if (query.actor_type !== undefined) entries = entries.where('actor_type', '=', query.actor_type);
    if (query.actor_id !== undefined) entries = entries.where('actor_id', '=', query.actor_id);
    if (query.resource_type !== undefined) entries = entries.where('resource_type', '=', query.resource_type);
    if (query.resource_id !== undefined) entries = entries.where('resource_id', '=', query.resource_id);
    if (query.outcome !== undefined) entries = entries.where('outcome', '=', query.outcome);
    if (query.request_id !== undefined) entries = entries.where('request_id', '=', query.request_id);
    if (query.action?.includes('.') === true) entries = entries.where('action', '=', query.action);
    else if (query.action !== undefined) entries = entries.where(sql`split_part(action, '.', 1)`, '=', query.action);
    const rows = await entries.orderBy('id', 'desc').limit(take).execute();
    return ok(presentPage(rows, query.limit, presentAuditLog));
  },
});
