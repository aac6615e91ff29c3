import type { Config } from '@base/shared/config/env-schema';
import type { Catalog } from '@base/shared/credits/catalog';
import type { ContentLinks } from '@base/shared/crypto/signed-link';
import type { Database } from '@base/shared/db/database.types';
import type { Logger } from '@base/shared/log/logger';
import type { Metrics } from '@base/shared/metrics/metrics';
import type { Kysely } from 'kysely';
import type { Pool } from 'pg';
import type { Authenticator } from './http/authenticate.ts';
import type { RateLimiter } from './http/rate-limit.ts';
import type { StorageLinks } from './supabase/storage-links.ts';
import type { AuthGateway } from './supabase/auth-gateway.ts';

/** Everything an endpoint may use; built once per process by `buildDeps`, or by a test. */
export interface Deps {
  config: Config;
  log: Logger;
  metrics: Metrics;
  db: Kysely<Database>;
  pool: Pool;
  catalog: Catalog;
  authenticator: Authenticator;
  rateLimiter: RateLimiter;
  contentLinks: ContentLinks;
  storageLinks: StorageLinks;
  authGateway: AuthGateway;
  /** Aborts when the process begins to drain: event streams say goodbye and end. */
  draining: AbortSignal;
}
