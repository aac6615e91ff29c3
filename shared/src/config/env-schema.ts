import * as z from 'zod';

const port = z.coerce.number().int().min(0).max(65535);
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
/** `id:key` pairs, the current one first; 32 random bytes each, as base64. */
const masterKeys = list.pipe(
  z
    .array(z.string().regex(/^[a-z0-9-]{1,32}:[A-Za-z0-9+/]{43}=$/, 'must be `id:` and 32 bytes as base64'))
    .min(1)
    .refine((keys) => new Set(keys.map((key) => key.split(':')[0])).size === keys.length, 'has an id twice'),
);
/** Slots of each queue: `queue=number` pairs, and a plain number for the rest, which is kept under `*`. */
const concurrency = z
  .string()
  .regex(/^(\d+|[a-z-]+=\d+)(,(\d+|[a-z-]+=\d+))*$/, 'must be a number, or pairs like image-generation=50,20')
  .default('50')
  .transform((text) => {
    // A message under way at a receiver costs a socket and little else.
    const slots: Record<string, number> = { '*': 50, 'webhook-delivery': 500 };
    for (const part of text.split(',')) {
      const [name = '', number] = part.split('=');
      if (number === undefined) slots['*'] = Number(name);
      else slots[name] = Number(number);
    }
    return slots;
  })
  .refine((slots) => Object.values(slots).every((count) => count >= 1 && count <= 2_000), 'must be from 1 to 2000');
const secret = z.string().min(1).optional();
/** As Standard Webhooks and Svix have it. */
const webhookSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be `whsec_` and 24 bytes or more as base64')
  .optional();

/**
 * Every variable that BASE reads, in the order of `.env.example`. A default is given only where it is right for
 * production too; what a process cannot do without is required.
 */
export const envSchema = z
  .object({
    NODE_ENV: z.enum(['development', 'test', 'production']).default('production'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),

    HOST: z.string().default('0.0.0.0'),
    PORT: port.default(4000),
    PUBLIC_URL: z.url(),
    METRICS_PORT: port.default(4001),
    CORS_ORIGINS: list.default([]),
    TRUST_PROXY_HOPS: count(0, 10).default(1),
    SHUTDOWN_SECONDS: count(1, 300).default(25),

    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    DATABASE_POOL_MAX: count(1, 100).default(8),
    REDIS_URL: z.url({ protocol: /^rediss?$/ }),
    QUEUE_PREFIX: z
      .string()
      .regex(/^[a-z0-9{}-]+$/)
      .default('{base}'),

    SUPABASE_URL: z.url(),
    SUPABASE_PUBLISHABLE_KEY: z.string().min(1),
    SUPABASE_SECRET_KEY: z.string().min(1),
    SUPABASE_JWT_SECRET: z.string().min(32).optional(),
    STORAGE_BUCKET: z.string().min(1).default('generations'),
    URL_SIGNING_SECRET: z.string().min(32),
    MASTER_KEYS: masterKeys,

    CLERK_ISSUER: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    CLERK_AUTHORIZED_PARTIES: list.default([]),
    CLERK_WEBHOOK_SECRET: webhookSecret,
    USER_SYNC_SECRET: webhookSecret,

    WORKER_QUEUES: list.default([
      'image-generation',
      'video-generation',
      'audio-generation',
      'text-generation',
      'webhook-delivery',
      'email',
      'upkeep',
    ]),
    WORKER_CONCURRENCY: concurrency,
    WORKER_LEASE_SECONDS: count(2, 600).default(45),
    WORKER_ATTEMPTS_MAX: count(1, 100).default(5),
    POLL_INTERVAL_MS: count(20, 60_000).default(2_000),
    RECONCILE_SECONDS: count(1, 3_600).default(120),
    AUDIT_MONTHS_KEPT: count(1, 1_200).default(24),
    PRIVATE_HOSTS_ALLOWED: list.default([]),

    REPLICATE_API_TOKEN: secret,
    REPLICATE_BASE_URL: z.url().default('https://api.replicate.com/v1'),
    REPLICATE_WEBHOOK_SECRET: secret,
    OPENAI_API_KEY: secret,
    OPENAI_BASE_URL: z.url().default('https://api.openai.com/v1'),
    FREEPIK_API_KEY: secret,
    FREEPIK_BASE_URL: z.url().default('https://api.magnific.com'),
    FREEPIK_KEY_HEADER: z
      .string()
      .regex(/^[a-z-]+$/)
      .default('x-magnific-api-key'),
    FREEPIK_WEBHOOK_SECRET: secret,
    ELEVENLABS_API_KEY: secret,
    ELEVENLABS_BASE_URL: z.url().default('https://api.elevenlabs.io'),
    ELEVENLABS_USD_PER_1000_CREDITS: z.coerce.number().min(0).max(100).default(0.1),
    FAL_API_KEY: secret,
    FAL_BASE_URL: z.url().default('https://queue.fal.run'),
    FAL_PLATFORM_URL: z.url().default('https://api.fal.ai/v1'),
    FAL_JWKS_URL: z.url().default('https://rest.alpha.fal.ai/.well-known/jwks.json'),
    OPENROUTER_API_KEY: secret,
    OPENROUTER_BASE_URL: z.url().default('https://openrouter.ai/api/v1'),
    OPENAI_COMPATIBLE_API_KEY: secret,
    OPENAI_COMPATIBLE_BASE_URL: z.url().optional(),
    OPENAI_COMPATIBLE_HOSTS: list.default(['*.endpoints.huggingface.cloud']),

    ASSISTANT_MODEL: z.string().default('openai/gpt-6-luna'),
    INSIGHTS_MODEL: z.string().default('openai/gpt-6-luna'),
    CODE_MODEL: z.string().default('openai/gpt-6-luna'),

    BILLING_GATEWAY: z.enum(['stripe', 'asaas']).default('stripe'),
    BILLING_GRACE_DAYS: count(0, 90).default(7),
    STRIPE_SECRET_KEY: secret,
    STRIPE_WEBHOOK_SECRET: list.default([]),
    STRIPE_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.stripe.com'),
    ASAAS_API_KEY: secret,
    ASAAS_WEBHOOK_TOKEN: secret,
    ASAAS_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.asaas.com/v3'),

    SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
    MAIL_FROM: z
      .string()
      .regex(/^([^<>@\r\n]+ <[^<>\s@]+@[^<>\s@]+>|[^<>\s@]+@[^<>\s@]+)$/, 'must be `address`, or `Name <address>`')
      .optional(),
    APP_URL: z.url({ protocol: /^https?$/ }).optional(),
  })
  .refine((config) => config.SMTP_URL === undefined || config.MAIL_FROM !== undefined, {
    path: ['MAIL_FROM'],
    message: 'is needed with SMTP_URL: e-mails have a sender',
  })
  .refine((config) => config.NODE_ENV !== 'production' || config.PRIVATE_HOSTS_ALLOWED.length === 0, {
    path: ['PRIVATE_HOSTS_ALLOWED'],
    message: 'is for development only: with it anybody with an account could call what is inside your network',
  });

export type Config = Readonly<z.infer<typeof envSchema>>;
