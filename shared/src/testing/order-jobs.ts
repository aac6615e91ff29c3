import { hash, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { v7 as uuidV7 } from 'uuid';
import type { Reservation } from '../db/queries/reserve-jobs.ts';

export interface Organization {
  id: string;
  userId: string;
}

/** An API key of the organization; `rotatedFrom` is a key whose line it continues. */
export async function makeKey(
  pool: Pool,
  organization: Organization,
  budget: number | null,
  rotatedFrom?: string,
): Promise<string> {
  const id = uuidV7();
  await pool.query(
    `insert into api_keys (id, organization_id, created_by, name, prefix, last4, key_hash, scopes, monthly_credit_budget, rotated_from, first_key_id)
     values ($1, $2, $3, 'test', 'base', 'last', $4, '{write}', $5, $6, $6)`,
    [id, organization.id, organization.userId, hash('sha256', id, 'hex'), budget, rotatedFrom ?? null],
  );
  return id;
}

/** What the key's line holds and has used this month. */
export async function readLine(pool: Pool, keyId: string): Promise<{ held: number; used: number }> {
  const { rows } = await pool.query(
    'select u.credits_held as held, u.credits_used as used from api_keys k cross join find_key_usage(k.line_id) u where k.id = $1',
    [keyId],
  );
  return rows[0];
}

/** An organization on a plan of these tests, with so many credits and concurrent jobs. */
export async function makeOrganization(pool: Pool, credits: number, concurrent: number): Promise<Organization> {
  const userId = randomUUID();
  const { rows } = await pool.query('select organization_id from authenticate_user($1, $2, null)', [
    userId,
    `${userId}@test.test`,
  ]);
  const id: string = rows[0].organization_id;
  await pool.query(
    `update organizations set plan_id = 'enterprise', custom_limits = jsonb_build_object('concurrent_jobs', $2::int) where id = $1`,
    [id, concurrent],
  );
  // Away with the credits every organization begins with.
  await pool.query(
    `select * from debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[50::bigint], array['t'], array['start'], array['t'],
      array[null::uuid])`,
    [id],
  );
  await pool.query(
    `select * from credit_credits(array[$1::uuid], array['bonus'::transaction_type], array[$2::bigint], array['t'], array['start'], array['t'],
      array[now() + interval '1 day'], array[null::uuid])`,
    [id, credits],
  );
  return { id, userId };
}

export function reservation(organization: Organization, changes: Partial<Reservation> = {}): Reservation {
  return {
    id: uuidV7(),
    organizationId: organization.id,
    userId: organization.userId,
    apiKeyId: null,
    projectId: null,
    type: 'image',
    provider: 'replicate',
    // A provider's queue is not involved: no worker knows this model, and nothing is enqueued.
    model: 'model-under-test',
    operation: 'generate',
    input: { prompt: 'x' },
    metadata: {},
    credits: 1,
    ownKeyCredits: 0,
    costUsd: '0.010000',
    limitUnits: 1,
    price: { credits: 1, ownKeyCredits: 0, costUsd: '0.01', unit: 'image', multipliers: {} },
    fallbacks: [],
    retryOf: null,
    idempotencyKey: null,
    requestHash: null,
    requestId: 'test',
    deadlineSeconds: 900,
    ...changes,
  };
}

/** An attempt at the model of `reservation`. */
export const opened = (lease: { id: string; leaseToken: string }) => ({
  ...lease,
  attemptId: uuidV7(),
  provider: 'replicate',
  model: 'model-under-test',
});

/** A result of one picture. */
export const settlement = (id: string, leaseToken: string, credits: number) => ({
  id,
  leaseToken,
  credits,
  costUsd: '0.010000',
  limitUnits: 1,
  tokensIn: null,
  tokensOut: null,
  output: [{ generation_id: randomUUID() }],
  generations: [
    {
      id: uuidV7(),
      storage_path: 'a',
      thumbnail_path: null,
      content_type: 'image/png',
      width: 1,
      height: 1,
      duration_seconds: null,
      bytes: 1,
    },
  ],
});

// Workers of the stack would bring these jobs to a queue; far in the future nothing is stale.
export const keepFromRelay = (pool: Pool, ids: string[]) =>
  pool.query(`update ai_jobs set enqueued_at = now() + interval '1 day' where id = any($1)`, [ids]);
