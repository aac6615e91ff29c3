import { actorTypes, type auditLog, auditOutcomes } from '@base/shared/contracts/audit-logs';
import type { AuditLogs } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import * as z from 'zod';

export const auditColumns = [
  'id',
  'actor_type',
  'actor_id',
  'action',
  'resource_type',
  'resource_id',
  'old_values',
  'new_values',
  'ip_address',
  'user_agent',
  'request_id',
  'outcome',
  'redacted_at',
  'created_at',
] as const;

const values = z.record(z.string(), z.unknown()).nullable();
const actorType = z.enum(actorTypes);
const outcome = z.enum(auditOutcomes);

/** An entry of the audit log on the wire. */
export function presentAuditLog(
  row: Pick<Selectable<AuditLogs>, (typeof auditColumns)[number]>,
): z.input<typeof auditLog> {
  return {
    id: row.id,
    object: 'audit_log',
    actor: { type: actorType.parse(row.actor_type), id: row.actor_id },
    action: row.action,
    resource: { type: row.resource_type, id: row.resource_id },
    old_values: values.parse(row.old_values),
    new_values: values.parse(row.new_values),
    ip_address: row.ip_address,
    user_agent: row.user_agent,
    request_id: row.request_id,
    outcome: outcome.parse(row.outcome),
    redacted: row.redacted_at !== null,
    created_at: row.created_at.toISOString(),
  };
}
