import * as z from 'zod';
import { roles } from './accounts.ts';
import { id, timestamp } from './wire.ts';

/** One type of event: what its `data` holds beside the id of what it is about. */
interface EventType {
  description: string;
  data: z.ZodObject;
  example: Record<string, unknown>;
}

const exampleId = '0199f0a1-7c1e-7000-8000-3a5b6c7d8e9f';
const otherId = '0199f0a1-7c1e-7000-8000-0a1b2c3d4e5f';

/** @param about what `data.id` names */
function eventType<S extends z.ZodRawShape>(
  description: string,
  about: string,
  shape: S,
  example: Record<string, unknown>,
): EventType {
  const data = z.object({ id: id.meta({ description: about }), ...shape });
  return { description, data, example: { id: exampleId, ...example } };
}

const job = 'The job.';
const organization = 'The organization.';
const credits = z.int().min(0);
const subscriptionShape = { plan: z.string(), status: z.string(), cancel_at_period_end: z.boolean() };
const subscriptionExample = { plan: 'professional', status: 'active', cancel_at_period_end: false };
const attemptShape = { amount_cents: z.int(), attempt: z.int(), url: z.string().nullable() };
const attemptExample = { amount_cents: 9900, attempt: 1, url: 'https://invoice.stripe.com/i/example' };
const role = z.enum(roles);
const keyShape = { last4: z.string(), scopes: z.array(z.string()), rotated_from: id.nullable() };
const keyExample = { last4: 'x7Qd', scopes: ['write'], rotated_from: null };

/** Every event that an organization's webhooks may be told of. What writes them is in the migrations. */
export const eventTypes = {
  'job.queued': eventType(
    'A job may run: it waits for a worker.',
    job,
    { status: z.literal('queued') },
    { status: 'queued' },
  ),
  'job.processing': eventType(
    'A worker has begun a job.',
    job,
    { status: z.literal('processing') },
    { status: 'processing' },
  ),
  'job.completed': eventType(
    'A job is done; GET /jobs/{id} shows what it made.',
    job,
    { status: z.literal('completed'), credits: credits.meta({ description: 'Charged.' }) },
    { status: 'completed', credits: 2 },
  ),
  'job.failed': eventType(
    'A job could not be done, and cost nothing.',
    job,
    { status: z.literal('failed'), error_code: z.string() },
    { status: 'failed', error_code: 'provider_failed' },
  ),
  'job.canceled': eventType(
    'A job was canceled, and cost nothing.',
    job,
    { status: z.literal('canceled') },
    { status: 'canceled' },
  ),
  'generation.deleted': eventType(
    'Somebody took a generation out of the library.',
    'The generation.',
    { type: z.string(), job_id: id },
    { type: 'image', job_id: otherId },
  ),
  'credits.low': eventType(
    'Fewer credits can be spent than the organization wants to be told of.',
    organization,
    { available: credits, threshold: credits },
    { available: 40, threshold: 50 },
  ),
  'credits.exhausted': eventType(
    'No credits are left to spend.',
    organization,
    { available: credits, held: credits.meta({ description: 'Set aside for jobs that have not ended.' }) },
    { available: 0, held: 12 },
  ),
  'credits.granted': eventType(
    'A payment brought credits.',
    'The payment.',
    { credits, kind: z.string(), amount_cents: z.int() },
    { credits: 2000, kind: 'pack', amount_cents: 9900 },
  ),
  'credits.expired': eventType('Credits ended unspent.', organization, { credits }, { credits: 120 }),
  'credits.taken_back': eventType(
    'Credits of a payment that went back were taken.',
    'The payment.',
    { credits, reason: z.string() },
    { credits: 500, reason: 'refund' },
  ),
  'credits.returned': eventType(
    'Credits that had been taken back were given again.',
    'The payment.',
    { credits, reason: z.string() },
    { credits: 500, reason: 'dispute_won' },
  ),
  'budget.reached': eventType(
    'So much of a month’s credits, or of the budget of a key or project, is used.',
    'The organization, the first key of its line of rotations, or the project.',
    { kind: z.enum(['period', 'api_key', 'project']), percent: z.int(), used: credits, budget: credits },
    { kind: 'project', percent: 80, used: 804, budget: 1000 },
  ),
  'subscription.created': eventType(
    'A subscription began.',
    'The subscription.',
    subscriptionShape,
    subscriptionExample,
  ),
  'subscription.updated': eventType(
    'A subscription changed its plan or state.',
    'The subscription.',
    subscriptionShape,
    { ...subscriptionExample, status: 'past_due' },
  ),
  'subscription.canceled': eventType('A subscription ended.', 'The subscription.', subscriptionShape, {
    ...subscriptionExample,
    status: 'canceled',
  }),
  'subscription.lapsed': eventType(
    'A payment stayed due too long: the organization has another plan now.',
    'The subscription.',
    { plan: z.string().meta({ description: 'The plan from now on.' }) },
    { plan: 'free' },
  ),
  'invoice.paid': eventType('An invoice was paid.', 'The invoice.', { amount_cents: z.int() }, { amount_cents: 9900 }),
  'subscription.past_due': eventType(
    'A payment of a subscription is overdue; the plan stays until the grace ends.',
    'The subscription.',
    { plan: z.string(), grace_ends_at: timestamp.nullable() },
    { plan: 'professional', grace_ends_at: '2026-03-08T12:00:00.000Z' },
  ),
  'invoice.payment_failed': eventType(
    'An invoice could not be collected; once for each attempt.',
    'The invoice.',
    attemptShape,
    attemptExample,
  ),
  'invoice.payment_action_required': eventType(
    'An invoice can only be paid if somebody confirms it on its page.',
    'The invoice.',
    attemptShape,
    attemptExample,
  ),
  'topup.failed': eventType(
    'An automatic top-up was declined.',
    'The top-up.',
    { error_code: z.string(), failures: z.int(), disabled: z.boolean() },
    { error_code: 'card_declined', failures: 1, disabled: false },
  ),
  'member.invited': eventType(
    'Somebody was invited.',
    'The invitation.',
    { role, status: z.string() },
    { role: 'member', status: 'pending' },
  ),
  'member.joined': eventType('Somebody is a member now.', 'The member.', { role }, { role: 'member' }),
  'member.removed': eventType('Somebody is no member any more.', 'The member.', { role }, { role: 'member' }),
  'member.role_changed': eventType(
    'A member has another role.',
    'The member.',
    { role, previous_role: role },
    { role: 'manager', previous_role: 'member' },
  ),
  'api_key.created': eventType('An API key was made.', 'The key.', keyShape, keyExample),
  'api_key.rotated': eventType('An API key was replaced by a new one.', 'The new key.', keyShape, {
    ...keyExample,
    rotated_from: otherId,
  }),
  'api_key.revoked': eventType('An API key was revoked.', 'The key.', keyShape, keyExample),
  'provider_key.invalid': eventType(
    'A provider refuses the organization’s own key.',
    'The key.',
    { provider: z.string() },
    { provider: 'openai' },
  ),
  'webhook_endpoint.disabled': eventType(
    'An endpoint was switched off: it answered 410 Gone, or did nothing but fail for five days.',
    'The endpoint.',
    { reason: z.enum(['gone', 'failing']) },
    { reason: 'failing' },
  ),
  'webhook.test': eventType('Somebody asked for it: only the endpoint in question is told.', 'The endpoint.', {}, {}),
} as const satisfies Record<string, EventType>;

export type EventTypeName = keyof typeof eventTypes;

export const eventTypeNames = Object.keys(eventTypes) as EventTypeName[]; // the keys of the object above

/** Those that an endpoint can be subscribed to: a test comes to it in any case. */
export const subscribableEvents = eventTypeNames.filter((name) => name !== 'webhook.test');

/** A message as it is sent: Standard Webhooks' form. */
export const webhookMessage = z
  .object({
    id: id.meta({ description: 'The event; also in the header `webhook-id`. The same on every try.' }),
    type: z.enum(eventTypeNames),
    timestamp: timestamp.meta({ description: 'When it happened.' }),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'WebhookMessage' });
export type WebhookMessage = z.infer<typeof webhookMessage>;

const exampleTime = '2026-03-01T12:00:00.000Z';

/** A whole message of a type, for the documentation. */
export function exampleMessage(name: EventTypeName): WebhookMessage {
  return { id: otherId, type: name, timestamp: exampleTime, data: eventTypes[name].example };
}
