import * as z from 'zod';
import { ipRange } from './ip-range.ts';
import { id, timestamp } from './wire.ts';

export const roles = ['super_admin', 'admin', 'manager', 'member', 'viewer'] as const;
export type Role = (typeof roles)[number];

export const email = z
  .email()
  .max(254)
  .transform((value) => value.toLowerCase());
export const password = z.string().min(8, 'must have at least 8 characters').max(72, 'must have at most 72 characters');

export const session = z
  .object({
    access_token: z.string(),
    refresh_token: z.string(),
    token_type: z.literal('bearer'),
    expires_in: z.int(),
    expires_at: timestamp,
    user: z.object({ id, email: z.string() }),
  })
  .meta({ id: 'Session' });

export const planLimits = z.object({
  images_per_month: z.int(),
  videos_per_month: z.int(),
  audio_minutes_per_month: z.int(),
  resolution_max: z
    .int()
    .meta({ description: 'Side in pixels of the largest square; −1 is unlimited, as everywhere here.' }),
  video_seconds_max: z.int(),
  team_members: z.int(),
  projects: z.int(),
  storage_gb: z.number(),
  api_requests_per_minute: z.int(),
  api_requests_per_day: z.int(),
  concurrent_jobs: z.int(),
  waiting_jobs: z.int(),
  priority_queue: z.boolean(),
  custom_models: z.boolean(),
  white_label: z.boolean(),
  dedicated_support: z.boolean(),
});
export type PlanLimits = z.infer<typeof planLimits>;

export const planFeatures = [
  'image',
  'video',
  'audio',
  'workflow',
  'analytics',
  'api_access',
  'webhooks',
  'sso',
] as const;
export type PlanFeature = (typeof planFeatures)[number];

export const plan = z
  .object({
    id: z.string(),
    object: z.literal('plan'),
    name: z.string(),
    price_month_cents: z.int().nullable(),
    price_year_cents: z.int().nullable(),
    currency: z.literal('BRL'),
    monthly_credits: z.int(),
    limits: planLimits,
    features: z.array(z.string()),
  })
  .meta({ id: 'Plan' });

export const organizationSettings = z.strictObject({
  allow_member_invites: z.boolean(),
  default_role: z.enum(['manager', 'member', 'viewer']),
  require_approval: z.boolean(),
});

export const organization = z
  .object({
    id,
    object: z.literal('organization'),
    name: z.string(),
    slug: z.string(),
    logo_url: z.url().nullable(),
    owner_id: id.nullable().meta({ description: 'The admin who may delete it or hand it on.' }),
    plan: z.string(),
    settings: organizationSettings,
    limits: planLimits,
    features: z.array(z.string()),
    is_active: z.boolean(),
    created_at: timestamp,
  })
  .meta({ id: 'Organization' });

export const updateOrganizationBody = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional(),
    slug: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{1,48}[a-z0-9])$/, 'must be 3 to 50 lower-case letters, digits and inner hyphens')
      .optional(),
    logo_url: z
      .url({ protocol: /^https$/ })
      .max(2000)
      .nullable()
      .optional(),
    settings: organizationSettings.partial().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must change at least one field');

export const preferences = z.strictObject({
  theme: z.enum(['light', 'dark', 'system']),
  language: z.enum(['pt-BR', 'en', 'es']),
  email_notifications: z
    .boolean()
    .meta({ description: 'Whether any e-mails are wanted but those that an account cannot do without.' }),
  notice_emails: z.boolean().meta({ description: 'Of these: credits, budgets and plans.' }),
  onboarding_emails: z.boolean().meta({ description: 'Of these: what helps in the first week.' }),
  job_emails: z
    .boolean()
    .meta({ description: 'Of these: your own jobs that took longer than a minute. At first off.' }),
  push_notifications: z.boolean(),
});

export const me = z
  .object({
    id,
    object: z.literal('user'),
    email: z.string(),
    full_name: z.string().nullable(),
    avatar_url: z.url().nullable(),
    phone: z.string().nullable(),
    role: z.enum(roles),
    preferences,
    organization: z.object({ id, name: z.string(), slug: z.string(), plan: z.string() }),
    last_login_at: timestamp.nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'Me' });

export const updateMeBody = z
  .strictObject({
    full_name: z.string().trim().min(1).max(100).nullable().optional(),
    avatar_url: z
      .url({ protocol: /^https$/ })
      .max(2000)
      .nullable()
      .optional(),
    phone: z
      .string()
      .regex(/^\+[1-9]\d{6,14}$/, 'must be in international form, for example +5511999990000')
      .nullable()
      .optional(),
    preferences: preferences.partial().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must change at least one field');

/**
 * Each includes the one before. Three are enough: what a key that leaks could do within a scope is bounded by its budget,
 * addresses and limits, and a finer scope would be one more thing to get wrong.
 */
export const scopes = ['read', 'write', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export const apiKey = z
  .object({
    id,
    object: z.literal('api_key'),
    name: z.string(),
    prefix: z.string().meta({ description: 'The beginning of the key, for recognition.' }),
    last4: z.string(),
    scopes: z.array(z.enum(scopes)),
    requests_per_minute: z.int().nullable(),
    requests_per_day: z.int().nullable(),
    monthly_credit_budget: z
      .int()
      .nullable()
      .meta({ description: 'Credits that its jobs of a calendar month (UTC) may hold and use; null: no budget.' }),
    credits_this_month: z
      .object({ used: z.int(), held: z.int(), resets_at: timestamp })
      .meta({ description: 'Of jobs admitted this month, together with those of the keys that it replaces.' }),
    allowed_ips: z.array(z.string()).nullable().meta({ description: 'Where it may be used from; null: anywhere.' }),
    expires_at: timestamp.nullable(),
    last_used_at: timestamp.nullable().meta({ description: 'To the minute.' }),
    last_used_ip: z.string().nullable(),
    revoked_at: timestamp.nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'ApiKey' });

export const createdApiKey = apiKey
  .extend({
    key: z
      .string()
      .nullable()
      .meta({ description: 'The key itself, shown this once; null when the answer is a replay.' }),
  })
  .meta({ id: 'CreatedApiKey' });

const perMinute = z.int().min(1).max(100_000).nullable();
const perDay = z.int().min(1).max(100_000_000).nullable();
const monthlyCreditBudget = z
  .int()
  .min(1)
  .max(1_000_000_000)
  .nullable()
  .meta({ description: 'Credits that its jobs of a calendar month (UTC) may hold and use; null: no budget.' });
const allowedIps = z
  .array(ipRange)
  .min(1)
  .max(50)
  .nullable()
  .meta({ description: 'Addresses and CIDR ranges, such as `203.0.113.7` or `2001:db8::/32`; null: anywhere.' });

export const createApiKeyBody = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(z.enum(scopes)).min(1).max(3).default(['read', 'write']),
  requests_per_minute: perMinute.optional(),
  requests_per_day: perDay.optional(),
  monthly_credit_budget: monthlyCreditBudget.optional(),
  allowed_ips: allowedIps.optional(),
  expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
});

export const updateApiKeyBody = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional(),
    scopes: z.array(z.enum(scopes)).min(1).max(3).optional(),
    requests_per_minute: perMinute.optional(),
    requests_per_day: perDay.optional(),
    monthly_credit_budget: monthlyCreditBudget.optional(),
    allowed_ips: allowedIps.optional(),
    expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must change at least one field');

export const rotateApiKeyBody = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(86_400)
    .meta({ description: 'How long the old key goes on working.' }),
});
