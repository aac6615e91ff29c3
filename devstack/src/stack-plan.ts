import path from 'node:path';
import {
  sandboxGatewayVariables,
  sandboxProviderNames,
  sandboxVariables,
} from '@base/shared/testing/sandbox-variables';
import type { StackEnvironment } from './environment.ts';
import type { Ports } from './ports.ts';
import type { Secrets } from './secrets.ts';
import type { StackInfo } from './stack-file.ts';

export interface PlanOptions {
  dataDir: string;
  ports: Ports;
  environment: StackEnvironment;
  secrets: Secrets;
}

/** Which parts run here and where everything is reached; all of it is known before anything is started. */
export function planStack({ dataDir, ports, environment, secrets }: PlanOptions): StackInfo {
  const { supabase } = environment;
  const local = (port: number) => `http://127.0.0.1:${port}`;
  const password = encodeURIComponent(secrets.postgresPassword);
  return {
    api_url: local(ports.api),
    docs_url: `${local(ports.api)}/api/docs`,
    metrics_url: `${local(ports.apiMetrics)}/metrics`,
    worker_metrics_url: `${local(ports.workerMetrics)}/metrics`,
    database_url: environment.databaseUrl ?? `postgres://postgres:${password}@127.0.0.1:${ports.postgres}/postgres`,
    redis_url: environment.redisUrl ?? `redis://127.0.0.1:${ports.redis}`,
    supabase_url: supabase?.url ?? local(ports.supabase),
    supabase_publishable_key: supabase?.publishableKey ?? secrets.supabasePublishableKey,
    supabase_secret_key: supabase?.secretKey ?? secrets.supabaseSecretKey,
    supabase_jwt_secret: supabase === undefined ? secrets.jwtSecret : (supabase.jwtSecret ?? null),
    supabase_mail_url: supabase === undefined ? `${local(ports.supabase)}/_mail` : null,
    sandbox_url: local(ports.sandbox),
    data_dir: path.resolve(dataDir),
    demo: null,
    pids: {},
  };
}

export interface AppEnvironmentOptions {
  info: StackInfo;
  environment: StackEnvironment;
  secrets: Secrets;
  nodeEnv: 'development' | 'test';
  overrides: Record<string, string>;
}

/** What API nodes and workers share. A provider with a real key is reached at its real address. */
export function appEnvironment(options: AppEnvironmentOptions): Record<string, string> {
  const { info, environment, secrets } = options;
  const names = sandboxProviderNames.filter((name) => !environment.realProviders.includes(name));
  const standIns = sandboxVariables(info.sandbox_url, (name) => `sandbox-${name}-key`, names);
  return {
    LOG_LEVEL: 'info',
    PUBLIC_URL: info.api_url,
    QUEUE_PREFIX: '{base}',
    STORAGE_BUCKET: 'generations',
    URL_SIGNING_SECRET: secrets.urlSigningSecret,
    MASTER_KEYS: secrets.masterKey,
    CORS_ORIGINS: 'http://localhost:3000,http://localhost:5173',
    POLL_INTERVAL_MS: '500',
    // Receivers of webhooks on this machine; a process in production refuses it.
    ...(options.overrides.NODE_ENV !== 'production' && { PRIVATE_HOSTS_ALLOWED: 'localhost,127.0.0.1' }),
    ...environment.variables,
    ...standIns,
    ...(isStripeReal(environment) ? {} : sandboxGatewayVariables(info.sandbox_url)),
    NODE_ENV: options.nodeEnv,
    HOST: '127.0.0.1',
    DATABASE_URL: info.database_url,
    REDIS_URL: info.redis_url,
    SUPABASE_URL: info.supabase_url,
    SUPABASE_PUBLISHABLE_KEY: info.supabase_publishable_key,
    SUPABASE_SECRET_KEY: info.supabase_secret_key,
    ...(info.supabase_jwt_secret !== null && { SUPABASE_JWT_SECRET: info.supabase_jwt_secret }),
    ...options.overrides,
  };
}

/** With a key of its own, payments are those of that account. */
export function isStripeReal({ variables }: StackEnvironment): boolean {
  return variables.STRIPE_SECRET_KEY !== undefined;
}
