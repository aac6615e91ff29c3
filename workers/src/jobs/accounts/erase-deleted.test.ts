import { randomUUID } from 'node:crypto';
import { type Database, openDatabase } from '@base/shared/db/database';
import { runMigrations } from '@base/shared/db/migrate/run-migrations';
import {
  beginJobs,
  openAttempts,
  recordAttempts,
  releaseJobs,
  settleJobs,
} from '@base/shared/db/queries/job-lifecycle';
import { reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import { createLogger } from '@base/shared/log/logger';
import {
  makeKey,
  makeOrganization,
  type Organization,
  opened,
  reservation,
  settlement,
} from '@base/shared/testing/order-jobs';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { AccountEraser } from './account-eraser.ts';
import { eraseDeletedBefore } from './erase-deleted.ts';

// A database of its own: with no days to wait, what other tests have deleted would be erased too.
const name = `erase_${process.pid}`;
const url = new URL(inject('stack').database_url);
url.pathname = `/${name}`;
let owner: Database;
let database: Database;
beforeAll(async () => {
  owner = open(inject('stack').database_url);
  await owner.pool.query(`create database ${name} template template0`);
  await runMigrations({ databaseUrl: url.href });
  database = open(url.href);
});
afterAll(async () => {
  await database.close();
  await owner.pool.query(`drop database if exists ${name} with (force)`);
  await owner.close();
});

function open(databaseUrl: string): Database {
  return openDatabase({ url: databaseUrl, poolMax: 4, applicationName: 'test', onError: () => {} });
}

/** Stands in every row that a person or an organization wrote. */
const word = 'zanzibar';
const log = createLogger({ level: 'silent', process: 'test' });

/** Supabase, as far as erasure reaches it; `fails` makes it refuse. */
function makeEraser() {
  const removed = { signIns: [] as string[], files: [] as string[] };
  const outside = { fails: false };
  const refuse = () => {
    if (outside.fails) throw new Error('not now');
  };
  const eraser: AccountEraser = {
    async removeSignIn(userId) {
      refuse();
      removed.signIns.push(userId);
    },
    async removeFiles(paths) {
      refuse();
      removed.files.push(...paths);
    },
  };
  return { eraser, removed, outside };
}

const erase = (eraser: AccountEraser, days = 0) => eraseDeletedBefore({ pool: database.pool, log, eraser }, days);

/** An organization in which everything that can be written has been, with one paid picture. */
async function makeBusyOrganization(): Promise<Organization & { jobId: string }> {
  const { pool } = database;
  const organization = await makeOrganization(pool, 30, 5);
  const { id, userId } = organization;
  const order = reservation(organization, {
    input: { prompt: word },
    metadata: { note: word },
    fallbacks: [],
    credits: 3,
  });
  await reserveJobs(pool, [order]);
  const [begun] = await beginJobs(pool, [{ id: order.id, leaseToken: null }], { worker: 't', leaseSeconds: 60 });
  const lease = { id: order.id, leaseToken: begun?.lease_token ?? '' };
  const attempt = opened(lease);
  await openAttempts(pool, [attempt]);
  await recordAttempts(pool, [{ attemptId: attempt.attemptId, status: 'submitted', taskId: order.id }]);
  const settled = settlement(order.id, lease.leaseToken, 3);
  const [picture] = settled.generations;
  if (picture !== undefined)
    Object.assign(picture, { storage_path: `${id}/0.png`, thumbnail_path: `${id}/0.thumb.webp` });
  await settleJobs(pool, [settled]);

  await makeKey(pool, organization, null);
  const conversation = randomUUID();
  const wrote: [sql: string, values: unknown[]][] = [
    [
      'update organizations set name = $2::text, slug = $2::text || substr(id::text, 25), logo_url = $2::text where id = $1',
      [id, word],
    ],
    [
      `update users set email = $2::text || id || '@test.test', full_name = $2::text, phone = $2::text, avatar_url = $2::text where id = $1`,
      [userId, word],
    ],
    ['update api_keys set name = $2, last_used_ip = $2 where organization_id = $1', [id, word]],
    [
      'update generations set prompt = $2::text, parameters = jsonb_build_object($2::text, 1), folder = $2::text, tags = array[$2::text] where organization_id = $1',
      [id, word],
    ],
    [
      'insert into projects (id, organization_id, created_by, name) values ($1, $2, $3, $4)',
      [randomUUID(), id, userId, word],
    ],
    [
      'insert into conversations (id, organization_id, user_id, title) values ($1, $2, $3, $4)',
      [conversation, id, userId, word],
    ],
    [
      'insert into messages (id, organization_id, conversation_id, job_id, content, context) values ($1, $2, $3, $4, $5::text, to_jsonb($5::text))',
      [randomUUID(), id, conversation, order.id, word],
    ],
    [
      "insert into provider_api_keys (id, organization_id, provider, ciphertext, last4) values ($1, $2, 'openai', '\\x00', $3)",
      [randomUUID(), id, word],
    ],
    [
      'select create_invitation($1, $2, $3, $4, null, $4, 60, null, $4)',
      [id, userId, randomUUID(), `${word}-${id}@new.test`],
    ],
  ];
  for (const [sql, values] of wrote) await pool.query(sql, values);
  return { ...organization, jobId: order.id };
}

/** Tables in which a row still says the word. */
async function whereWritten(): Promise<string[]> {
  const { pool } = database;
  const tables = await pool.query(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1",
  );
  const found: string[] = [];
  for (const table of tables.rows) {
    const { rows } = await pool.query(`select count(*) from public.${table.name} t where to_jsonb(t)::text like $1`, [
      `%${word}%`,
    ]);
    if (rows[0].count > 0) found.push(table.name);
  }
  return found;
}

async function expectSound(): Promise<void> {
  expect((await database.pool.query('select * from verify_ledger()')).rows).toEqual([]);
}

it('leaves no word of a deleted organization and its people, and keeps its ledger', async () => {
  const { pool } = database;
  const { id, userId } = await makeBusyOrganization();
  expect((await whereWritten()).length).toBeGreaterThan(8);
  const readLedger = async () =>
    (await pool.query('select * from credit_transactions where organization_id = $1', [id])).rows;
  const before = await readLedger();
  await pool.query('select delete_organization($1, $2)', [id, userId]);
  const { eraser, removed } = makeEraser();

  await erase(eraser, 30);
  expect((await whereWritten()).length).toBeGreaterThan(8);
  expect(removed).toEqual({ signIns: [], files: [] });

  await erase(eraser);
  await erase(eraser);
  expect(await whereWritten()).toEqual([]);
  expect(removed).toEqual({ signIns: [userId], files: [`${id}/0.png`, `${id}/0.thumb.webp`] });
  expect(await readLedger()).toEqual(before);
  expect(before.some((row) => row.type === 'usage' && row.user_id === userId)).toBe(true);
  await expectSound();
});

it('erases who left a living organization, and touches nothing of the others', async () => {
  const { pool } = database;
  const staying = await makeBusyOrganization();
  const goingId = randomUUID();
  await pool.query(
    "insert into users (id, organization_id, email, full_name, role) values ($1, $2, 'gone@test.test', 'Gone', 'member')",
    [goingId, staying.id],
  );
  await pool.query('select remove_member($1, $2, $3)', [staying.id, staying.userId, goingId]);
  const written = await whereWritten();
  const { eraser, removed } = makeEraser();
  await erase(eraser);
  const { rows } = await pool.query(
    'select email, full_name, is_active, erased_at is not null as erased from users where id = $1',
    [goingId],
  );
  expect(rows).toEqual([{ email: `${goingId}@erased.invalid`, full_name: null, is_active: false, erased: true }]);
  expect(removed.signIns).toEqual([goingId]);
  expect(await whereWritten()).toEqual(written);
  // An invitation brings back nobody who was erased.
  await pool.query("select create_invitation($1, $2, $3, $4, null, $4, 60, null, '')", [
    staying.id,
    staying.userId,
    randomUUID(),
    `${goingId}@erased.invalid`,
  ]);
  const again = await pool.query("select is_active from authenticate_user($1, 'gone@test.test', null)", [goingId]);
  expect(again.rows).toEqual([{ is_active: false }]);
  await expectSound();
});

it('waits for jobs under way, and makes up for what could not be removed outside', async () => {
  const { pool } = database;
  const organization = await makeBusyOrganization();
  const order = reservation(organization, { input: { prompt: word } });
  await reserveJobs(pool, [order]);
  await pool.query('select delete_organization($1, $2)', [organization.id, organization.userId]);
  const { eraser, removed, outside } = makeEraser();
  const isErased = async () =>
    (await pool.query('select erased_at is not null as erased from organizations where id = $1', [organization.id]))
      .rows[0].erased;
  await erase(eraser);
  expect(await isErased()).toBe(false);

  await releaseJobs(pool, [{ id: order.id, leaseToken: null, status: 'canceled' }]);
  outside.fails = true;
  await expect(erase(eraser)).rejects.toThrow('wait for the next run');
  expect(await isErased()).toBe(false);
  outside.fails = false;
  await Promise.all([erase(eraser), erase(eraser)]);
  expect(await isErased()).toBe(true);
  expect(removed.files).toContain(`${organization.id}/0.png`);
  await expectSound();
});
