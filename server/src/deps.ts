import type { Config } from '@base/shared/config/env-schema';
import type { Catalog } from '@base/shared/credits/catalog';
import type { ContentLinks } from '@base/shared/crypto/signed-link';
import type { Db } from '@base/shared/db/database';
import type { Clock } from '@base/shared/gateways/clock';
import type { Logger } from '@base/shared/log/logger';
import type { Metrics } from '@base/shared/metrics/metrics';
import type { JobEnqueuer } from '@base/shared/queue/job-enqueuer';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import type { Admission } from './admission/admission.ts';
import type { BillingGateways } from './features/billing/gateways/gateway.ts';
import type { Authenticator } from './http/authenticate.ts';
import type { EventReader } from './http/event-reader.ts';
import type { EventWatch } from './http/event-watch.ts';
import type { Notices } from './http/notice-listener.ts';
import type { RateLimiter } from './http/rate-limit.ts';
import type { AuthGateway } from './supabase/auth-gateway.ts';
import type { StorageLinks } from './supabase/storage-links.ts';

/** Everything an endpoint may use; built once per process by `buildDeps`, or by a test. */
export interface Deps {
  config: Config;
  log: Logger;
  metrics: Metrics;
  db: Db;
  pool: Pool;
  /** For requests: fails fast. */
  redis: Redis;
  enqueuer: JobEnqueuer;
  admission: Admission;
  notices: Notices;
  eventWatch: EventWatch;
  eventReader: EventReader;
  catalog: Catalog;
  /** Without a slash at the end. */
  publicUrl: string;
  authenticator: Authenticator;
  rateLimiter: RateLimiter;
  contentLinks: ContentLinks;
  storageLinks: StorageLinks;
  authGateway: AuthGateway;
  billingGateways: BillingGateways;
  /** For billing. */
  clock: Clock;
  /** Aborts when the process begins to drain: event streams say goodbye and end. */
  draining: AbortSignal;
}
