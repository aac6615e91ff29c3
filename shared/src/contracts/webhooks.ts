import * as z from 'zod';
import { eventTypeNames, subscribableEvents, webhookMessage } from './event-types.ts';
import { id, pageQuery, timestamp } from './wire.ts';

/** What an organization may have. */
export const endpointsMax = 20;
/** How long both secrets are good after a rotation. */
export const secretOverlapSeconds = 86_400;
/** How long deliveries are kept. */
export const deliveryDaysKept = 30;
/** Events that one call of replay looks at. */
export const replayEventsMax = 10_000;

const url = z
  .url({ protocol: /^https?$/, error: 'must be a whole URL' })
  .max(2_000)
  .meta({ description: '`https`, at a public address, without a user and password in it.' });

/** Headers that the message itself, or the connection, has. */
const ownHeader =
  /^(webhook-.*|host|content-.*|connection|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|user-agent)$/;

const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'must be the name of a header')
      .refine((name) => !ownHeader.test(name.toLowerCase()), 'is set by the message itself'),
    z.string().regex(/^[\x20-\x7e]{0,1000}$/, 'must have at most 1000 printable ASCII characters'),
  )
  .refine((value) => Object.keys(value).length <= 20, 'takes at most 20 headers')
  .meta({
    description:
      'Sent along with each message, for example an `Authorization` of your own. Kept encrypted; only the names are shown.',
  });

const events = z
  .array(z.enum(subscribableEvents))
  .min(1)
  .max(100)
  .nullable()
  .meta({ description: 'Types of events, see GET /webhook-event-types; null: all of them, also those to come.' });

const fields = {
  url,
  description: z.string().max(500),
  events,
  headers,
  enabled: z.boolean(),
  throttle_per_second: z
    .int()
    .min(1)
    .max(1_000)
    .nullable()
    .meta({ description: 'No more messages a second than this; null: as they come.' }),
  max_concurrency: z.int().min(1).max(50).meta({ description: 'No more messages under way at once than this.' }),
};

export const createWebhookBody = z.strictObject({
  url: fields.url,
  description: fields.description.default(''),
  events: fields.events.default(null),
  headers: fields.headers.default({}),
  enabled: fields.enabled.default(true),
  throttle_per_second: fields.throttle_per_second.default(null),
  max_concurrency: fields.max_concurrency.default(5),
});
export type CreateWebhookBody = z.infer<typeof createWebhookBody>;

export const updateWebhookBody = z
  .strictObject(fields)
  .partial()
  .refine((body) => Object.keys(body).length > 0, 'must change at least one field');

export const webhookEndpoint = z
  .object({
    id,
    object: z.literal('webhook_endpoint'),
    url: z.string(),
    description: z.string(),
    events: z.array(z.string()).nullable(),
    header_names: z.array(z.string()),
    enabled: z.boolean(),
    disabled_reason: z
      .enum(['by_hand', 'gone', 'failing'])
      .nullable()
      .meta({ description: '`gone`: it answered 410. `failing`: it did nothing but fail for five days.' }),
    throttle_per_second: z.int().nullable(),
    max_concurrency: z.int(),
    previous_secret_until: timestamp
      .nullable()
      .meta({ description: 'Until then messages are signed with the secret before the last rotation too.' }),
    statistics: z.object({
      succeeded: z.int().meta({ description: 'Deliveries that arrived.' }),
      failed: z.int().meta({ description: 'Deliveries that were given up.' }),
      failed_attempts: z.int(),
      waiting: z.int().meta({ description: 'Deliveries to come; 1000 stands for that or more.' }),
      average_ms: z.int().nullable().meta({ description: 'How long it took to answer, where it succeeded.' }),
      last_success_at: timestamp.nullable(),
      last_failure_at: timestamp.nullable(),
      failing_since: timestamp.nullable().meta({ description: 'The first failure since the last success.' }),
    }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'WebhookEndpoint' });

const secret = z
  .string()
  .nullable()
  .meta({ description: 'What messages are signed with, this once; null when the answer is a replay.' });

export const createdWebhookEndpoint = webhookEndpoint.extend({ secret }).meta({ id: 'CreatedWebhookEndpoint' });

export const webhookSecret = z
  .object({
    object: z.literal('webhook_secret'),
    secret: z.string(),
    previous_secret_until: timestamp.nullable(),
  })
  .meta({ id: 'WebhookSecret' });

export const deliveryStatuses = ['pending', 'delivering', 'succeeded', 'failed', 'canceled'] as const;

export const webhookDelivery = z
  .object({
    id,
    object: z.literal('webhook_delivery'),
    webhook_endpoint_id: id.nullable().meta({ description: 'Null for the `webhook_url` of a job.' }),
    event_id: id,
    event_type: z.string(),
    status: z.enum(deliveryStatuses),
    attempts: z.int(),
    next_attempt_at: timestamp.nullable(),
    response_code: z.int().nullable().meta({ description: 'Of the last attempt; null when nothing answered.' }),
    duration_ms: z.int().nullable(),
    error: z.string().nullable(),
    created_at: timestamp,
    ended_at: timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

export const webhookDeliveryDetails = webhookDelivery
  .extend({
    url: z.string(),
    message: webhookMessage,
    attempt_log: z.array(
      z.object({
        number: z.int(),
        response_code: z.int().nullable(),
        duration_ms: z.int(),
        response_head: z.string().nullable().meta({ description: 'The first kilobyte of what was answered.' }),
        error: z.string().nullable(),
        created_at: timestamp,
      }),
    ),
  })
  .meta({ id: 'WebhookDeliveryDetails' });

export const deliveryQuery = pageQuery.extend({
  status: z.enum(deliveryStatuses).optional(),
  event_type: z.enum(eventTypeNames).optional(),
});

export const replayBody = z
  .strictObject({
    from: timestamp,
    to: timestamp.optional().meta({ description: 'Not included; without it: now.' }),
    events: z.array(z.enum(subscribableEvents)).min(1).max(100).optional().meta({
      description: 'Only these types; without it: those that the endpoint is subscribed to.',
    }),
    only_failed: z.boolean().default(false).meta({
      description: 'Leaves out what has arrived. What was never sent, because the endpoint was off, counts as failed.',
    }),
  })
  .refine((body) => body.to === undefined || body.from < body.to, { path: ['to'], message: 'must be after from' });

export const webhookReplay = z
  .object({
    object: z.literal('webhook_replay'),
    deliveries: z.int().meta({ description: 'How many were ordered.' }),
    continue_from: timestamp.nullable().meta({
      description: 'There are more events than one call looks at: call again with this as `from`.',
    }),
  })
  .meta({ id: 'WebhookReplay' });

export const eventTypeDescription = z
  .object({
    object: z.literal('webhook_event_type'),
    type: z.string(),
    description: z.string(),
    schema: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema of `data`.' }),
    example: webhookMessage.meta({ description: 'A whole message.' }),
  })
  .meta({ id: 'WebhookEventType' });
