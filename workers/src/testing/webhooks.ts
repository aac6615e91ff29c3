import { randomUUID } from 'node:crypto';
import { type Config, envSchema } from '@base/shared/config/env-schema';
import { createSecretBox } from '@base/shared/crypto/secret-box';
import { makeWebhookSecret, webhookContext } from '@base/shared/crypto/webhook-secret';
import { type Database, openDatabase } from '@base/shared/db/database';
import { runMigrations } from '@base/shared/db/migrate/run-migrations';
import { createLogger } from '@base/shared/log/logger';
import { createMetrics } from '@base/shared/metrics/metrics';
import { testMasterKeys } from '@base/shared/testing/master-keys';
import type { Pool } from 'pg';
import { v7 as uuidV7 } from 'uuid';
import { inject } from 'vitest';
import type { WebhookDeps } from '../webhooks/run-webhook-queue.ts';

const secretBox = createSecretBox(testMasterKeys.split(','));

export interface TestDatabase {
  database: Database;
  close(): Promise<void>;
}

/** A database of its own: the stack's worker would deliver what is to be delivered here. */
export async function makeDatabase(name: string): Promise<TestDatabase> {
  const url = new URL(inject('stack').database_url);
  url.pathname = `/${name}`;
  const open = (databaseUrl: string) =>
    openDatabase({ url: databaseUrl, poolMax: 6, applicationName: 'test', onError: () => {} });
  const owner = open(inject('stack').database_url);
  await owner.pool.query(`create database ${name} template template0`);
  await runMigrations({ databaseUrl: url.href });
  const database = open(url.href);
  return {
    database,
    async close() {
      await database.close();
      await owner.pool.query(`drop database if exists ${name} with (force)`);
      await owner.close();
    },
  };
}

/** What a worker of this process needs to deliver from this database, with so many places. */
export function makeDeps(pool: Pool, slots: number): WebhookDeps {
  const config: Config = envSchema.parse({
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://api.test',
    DATABASE_URL: 'postgres://unused',
    REDIS_URL: inject('stack').redis_url,
    QUEUE_PREFIX: `{webhooks-${randomUUID().slice(0, 8)}}`,
    SUPABASE_URL: 'http://unused',
    SUPABASE_PUBLISHABLE_KEY: 'unused',
    SUPABASE_SECRET_KEY: 'unused',
    URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
    MASTER_KEYS: testMasterKeys,
    WORKER_CONCURRENCY: `webhook-delivery=${slots}`,
    PRIVATE_HOSTS_ALLOWED: '127.0.0.1',
  });
  const log = createLogger({ level: 'warn', process: 'test' });
  return { config, log, pool, secretBox, metrics: createMetrics({ process: 'test', withDefaults: false }) };
}

export interface TestWebhook {
  id: string;
  organizationId: string;
  secret: string;
}

/** An endpoint of a new organization, or of this one. */
export async function addWebhook(
  pool: Pool,
  url: string,
  options: { organizationId?: string; throttlePerSecond?: number; concurrencyMax?: number } = {},
): Promise<TestWebhook> {
  const { organizationId = randomUUID(), throttlePerSecond = null, concurrencyMax = 5 } = options;
  const [id, userId, secret] = [uuidV7(), randomUUID(), makeWebhookSecret()];
  await pool.query(
    `with house as (insert into organizations (id, name, slug) values ($1, 'x', $3) on conflict do nothing),
     account as (insert into credit_balances (organization_id) values ($1) on conflict do nothing)
     insert into users (id, organization_id, email) values ($2, $1, $3)`,
    [organizationId, userId, `x-${organizationId}`],
  );
  await pool.query(
    `insert into webhooks (id, organization_id, created_by, url, secret_ciphertext, throttle_per_second, max_concurrency, events)
     values ($1, $2, $3, $4, $5, $6, $7, array['credits.low'])`,
    [
      id,
      organizationId,
      userId,
      url,
      secretBox.seal(secret, webhookContext(organizationId, id)),
      throttlePerSecond,
      concurrencyMax,
    ],
  );
  return { id, organizationId, secret };
}

/** So many events for each of these organizations, in one transaction. */
export async function writeEvents(pool: Pool, organizationIds: readonly string[], count = 1): Promise<void> {
  await pool.query(
    `insert into events (id, organization_id, type, resource_id, data)
     select public.uuid_v7(), o.id, 'credits.low', o.id, '{"available": 1, "threshold": 2}'
     from unnest($1::uuid[]) o (id), generate_series(1, $2) order by 2`,
    [organizationIds, count],
  );
}

/** As if this endpoint had worked so far. */
export async function prove(pool: Pool, ids: readonly string[]): Promise<void> {
  await pool.query('update webhook_lanes set is_proven = true, concurrency = 50 where id = any ($1)', [ids]);
}

/** How many deliveries are in each state. */
export async function countStates(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ status: string; count: number }>(
    'select status, count(*)::int as count from webhook_deliveries group by 1',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}
