import * as z from 'zod';

const port = z.coerce.number().int().min(0).max(65535);
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
/**
 * Every variable that BASE reads, in the order of `.env.example`. A default is given only where it is right for
 * production too; what a process cannot do without is required.
 */
export const envSchema = z.object({
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

  WORKER_QUEUES: list.default(['image-generation', 'upkeep']),
  WORKER_CONCURRENCY: count(1, 2000).default(50),
  WORKER_LEASE_SECONDS: count(2, 600).default(45),
  WORKER_ATTEMPTS_MAX: count(1, 100).default(5),
  POLL_INTERVAL_MS: count(20, 60_000).default(2_000),
  RECONCILE_SECONDS: count(1, 3_600).default(120),

  REPLICATE_API_TOKEN: z.string().optional(),
  REPLICATE_BASE_URL: z.url().default('https://api.replicate.com/v1'),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.url().default('https://api.openai.com/v1'),
  FREEPIK_API_KEY: z.string().optional(),
  FREEPIK_BASE_URL: z.url().default('https://api.magnific.com'),
  FREEPIK_KEY_HEADER: z
    .string()
    .regex(/^[a-z-]+$/)
    .default('x-magnific-api-key'),
});

export type Config = Readonly<z.infer<typeof envSchema>>;
