import * as z from 'zod';
import { id, pageQuery, timestamp } from './wire.ts';

export const actorTypes = ['user', 'api_key', 'anonymous', 'webhook', 'system'] as const;
export const auditOutcomes = ['success', 'failure'] as const;

export const auditLog = z
  .object({
    id,
    object: z.literal('audit_log'),
    actor: z.object({
      type: z.enum(actorTypes).meta({ description: '`system` is BASE itself; `anonymous` has not signed in.' }),
      id: z.string().nullable().meta({ description: 'The person, or the API key.' }),
    }),
    action: z.string().meta({ description: '`<resource>.<what was done>`, for example `api_key.revoked`.' }),
    resource: z.object({ type: z.string(), id: z.string().nullable() }),
    old_values: z.record(z.string(), z.unknown()).nullable(),
    new_values: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'Only what is different; secrets read `[secret]`.' }),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable(),
    outcome: z.enum(auditOutcomes),
    redacted: z.boolean().meta({ description: 'Values and address were taken out because the person is gone.' }),
    created_at: timestamp,
  })
  .meta({ id: 'AuditLog' });

export const auditLogQuery = pageQuery.extend({
  limit: z.coerce.number().int().min(1).max(1000).default(20),
  actor_type: z.enum(actorTypes).optional(),
  actor_id: id.optional(),
  action: z
    .string()
    .regex(/^[a-z_]+(\.[a-z_]+)?$/, 'must be an action like api_key.revoked, or what comes before its dot')
    .max(100)
    .optional()
    .meta({ description: 'An action, or all of a resource: `api_key`.' }),
  resource_type: z.string().min(1).max(50).optional(),
  resource_id: z.string().min(1).max(100).optional(),
  outcome: z.enum(auditOutcomes).optional(),
  request_id: z.string().min(1).max(200).optional(),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'From this moment on.' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'Before this moment.' }),
});
