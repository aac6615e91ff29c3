import type { Config } from '@base/shared/config/env-schema';
import { Catalog } from '@base/shared/credits/catalog';
import { createContentLinks } from '@base/shared/crypto/signed-link';
import { openDatabase } from '@base/shared/db/database';
import { systemClock } from '@base/shared/gateways/clock';
import type { Logger } from '@base/shared/log/logger';
import { createMetrics } from '@base/shared/metrics/metrics';
import { openRequestRedis, openWaitingRedis } from '@base/shared/queue/connection';
import { JobEnqueuer } from '@base/shared/queue/job-enqueuer';
import { createAdmission } from './admission/admission.ts';
import type { Deps } from './deps.ts';
import { buildBillingGateways } from './features/billing/gateways/build-gateways.ts';
import { createAuthenticator } from './http/authenticate.ts';
import { type ChangeFeed, createChangeFeed } from './http/change-feed.ts';
import { createEventReader } from './http/event-reader.ts';
import { createEventWatch } from './http/event-watch.ts';
import { createNotices } from './http/notice-listener.ts';
import { createPrincipals } from './http/principals.ts';
import { createRateLimiter } from './http/rate-limit.ts';
import { createSessionTokens } from './http/session-tokens.ts';
import { createAuthGateway } from './supabase/auth-gateway.ts';
import { createStorageLinks } from './supabase/storage-links.ts';

export interface BuiltDeps {
  deps: Deps;
  /** Tells event streams and readiness that the process is about to end. */
  drain(): void;
  /** Closes pools and connections; call it when nothing uses them any more. */
  close(): Promise<void>;
}

/** Opens everything an API node needs. @throws when Postgres does not answer, because the catalogue is read at once */
export async function buildDeps(config: Config, log: Logger): Promise<BuiltDeps> {
  const metrics = createMetrics({ process: 'api' });
  const database = openDatabase({
    url: config.DATABASE_URL,
    poolMax: config.DATABASE_POOL_MAX,
    applicationName: 'base-api',
    queryTimeoutMs: 15_000,
    onError: (err) => log.warn({ err }, 'an idle database connection broke'),
  });
  const catalog = await Catalog.load(database.db).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const onRedisError = (err: Error): void => log.debug({ err }, 'Redis');
  const redis = openRequestRedis(config.REDIS_URL, onRedisError);
  const enqueuer = new JobEnqueuer({ redis, prefix: config.QUEUE_PREFIX, onError: onRedisError });
  const rateLimiter = createRateLimiter({ redisUrl: config.REDIS_URL, log, metrics });
  const notices = createNotices({
    redis: openWaitingRedis(config.REDIS_URL, onRedisError),
    prefix: config.QUEUE_PREFIX,
  });
  const eventWatch = createEventWatch({ pool: database.pool, notices, log });
  const draining = new AbortController();

  const { pool } = database;
  const feed: ChangeFeed = createChangeFeed({
    pool,
    log,
    onChanges: async (changes) => {
      principals.forget(changes);
      if (changes.some((change) => change.kind === 'catalog')) await catalog.refresh();
    },
  });
  const principals = createPrincipals({ pool, feedAgeMs: feed.ageMs });
  feed.start();

  const deps: Deps = {
    config,
    log,
    metrics,
    db: database.db,
    pool,
    redis,
    enqueuer,
    admission: createAdmission({ pool, enqueuer }),
    notices,
    eventWatch,
    eventReader: createEventReader(database.pool),
    catalog,
    publicUrl: config.PUBLIC_URL.replace(/\/+$/, ''),
    authenticator: createAuthenticator({ principals, sessionTokens: createSessionTokens(config) }),
    rateLimiter,
    contentLinks: createContentLinks(config),
    storageLinks: createStorageLinks(config),
    authGateway: createAuthGateway(config),
    billingGateways: buildBillingGateways(config, systemClock),
    clock: systemClock,
    draining: draining.signal,
  };
  return {
    deps,
    drain: () => draining.abort(),
    async close() {
      await feed.stop();
      await eventWatch.close();
      await notices.close();
      await enqueuer.close();
      redis.disconnect();
      await rateLimiter.close();
      await database.close();
    },
  };
}
