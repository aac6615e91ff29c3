import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import { v7 as uuidV7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, inject, it, onTestFinished } from 'vitest';
import { keyProviders } from '../../contracts/provider-keys.ts';
import { type Database, openDatabase } from '../../db/database.ts';
import { runMigrations } from '../../db/migrate/run-migrations.ts';
import { until } from '../../testing/until.ts';
import { createSecretBox, providerKeyContext, type SecretBox } from '../secret-box.ts';
import { rotateKeys } from './rotate-keys.ts';

// A database of its own: a rotation takes every row there is.
const name = `rotate_${process.pid}`;
const url = new URL(inject('stack').database_url);
url.pathname = `/${name}`;
let owner: Database;
let database: Database;
beforeAll(async () => {
  owner = open(inject('stack').database_url, 1);
  await owner.pool.query(`create database ${name} template template0`);
  await runMigrations({ databaseUrl: url.href });
  database = open(url.href, 6);
});
afterAll(async () => {
  await database.close();
  await owner.pool.query(`drop database if exists ${name} with (force)`);
  await owner.close();
});
beforeEach(async () => {
  await database.pool.query('delete from provider_api_keys');
});

function open(databaseUrl: string, poolMax: number): Database {
  return openDatabase({ url: databaseUrl, poolMax, applicationName: 'test', onError: () => {} });
}

const makeKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const oldKey = makeKey('old');
const newKey = makeKey('new');
const oldBox = createSecretBox([oldKey]);
const bothBox = createSecretBox([newKey, oldKey]);
const newBox = createSecretBox([newKey]);

interface StoredKey {
  id: string;
  organizationId: string;
  provider: string;
  text: string;
}

/** Keys in the database under the box's current master key, up to one per provider in each organization. */
async function storeKeys(count: number, box: SecretBox): Promise<StoredKey[]> {
  const keys: StoredKey[] = [];
  while (keys.length < count) {
    const organizationId = randomUUID();
    await database.pool.query('insert into organizations (id, name, slug) values ($1, $2, $3)', [
      organizationId,
      'test',
      `test-${organizationId}`,
    ]);
    for (const provider of keyProviders.slice(0, count - keys.length)) {
      const key = { id: uuidV7(), organizationId, provider, text: `key-${randomUUID()}` };
      await database.pool.query(
        `insert into provider_api_keys (id, organization_id, provider, ciphertext, last4, is_valid, check_at) values ($1, $2, $3, $4, 'last', true, null)`,
        [key.id, organizationId, provider, seal(box, key)],
      );
      keys.push(key);
    }
  }
  return keys;
}

function seal(box: SecretBox, { organizationId, provider, text }: StoredKey): Buffer {
  return box.seal(text, providerKeyContext(organizationId, provider));
}

async function readTexts(keys: readonly StoredKey[], box: SecretBox): Promise<string[]> {
  const { rows } = await database.pool.query('select id, ciphertext from provider_api_keys');
  const found = new Map(rows.map((row): [string, Buffer] => [row.id, row.ciphertext]));
  return keys.map(({ id, organizationId, provider }) =>
    box.open(found.get(id) ?? Buffer.alloc(0), providerKeyContext(organizationId, provider)),
  );
}

const textsOf = (keys: readonly StoredKey[]): string[] => keys.map(({ text }) => text);

it('while keys are being replaced, by two runs at once, brings every key under the new master key and loses none', async () => {
  const keys = await storeKeys(250, oldBox);
  let isOver = false;
  let replaced = 0;
  const replaceKeys = async (): Promise<void> => {
    while (!isOver || replaced < 40) {
      const key = keys[(replaced * 37) % keys.length];
      if (key === undefined) return;
      key.text = `newer-${replaced}`;
      // Some writers still seal under the old key, as processes do that have not been restarted yet.
      const ciphertext = seal(replaced % 2 === 0 ? bothBox : oldBox, key);
      await database.pool.query('update provider_api_keys set ciphertext = $2 where id = $1', [key.id, ciphertext]);
      replaced += 1;
    }
  };
  const writer = replaceKeys();
  const runs = await Promise.all([1, 2].map(() => rotateKeys({ pool: database.pool, secretBox: bothBox })));
  isOver = true;
  await writer;
  expect(await readTexts(keys, bothBox)).toEqual(textsOf(keys));
  expect(runs.map((run) => run.failed.size)).toEqual([0, 0]);

  await rotateKeys({ pool: database.pool, secretBox: bothBox });
  expect(await readTexts(keys, newBox)).toEqual(textsOf(keys));
  expect(await rotateKeys({ pool: database.pool, secretBox: bothBox })).toEqual({ rotated: 0, failed: new Map() });
});

it('rotates each key once, however many runs there are', async () => {
  const keys = await storeKeys(230, oldBox);
  const runs = await Promise.all([1, 2, 3].map(() => rotateKeys({ pool: database.pool, secretBox: bothBox })));
  expect(runs.reduce((sum, run) => sum + run.rotated, 0)).toBe(230);
  expect(await readTexts(keys, newBox)).toEqual(textsOf(keys));
});

it('goes on over keys that cannot be opened, leaves them as they are and names them', async () => {
  const lost = await storeKeys(3, createSecretBox([makeKey('lost')]));
  const [moved, ...keys] = await storeKeys(120, oldBox);
  const last = keys.at(-1)?.id;
  const copy =
    'update provider_api_keys set ciphertext = (select ciphertext from provider_api_keys where id = $2) where id = $1';
  await database.pool.query(copy, [moved?.id, last]);
  const before = await rowsOf(lost);
  const { rotated, failed } = await rotateKeys({ pool: database.pool, secretBox: bothBox });
  expect(rotated).toBe(keys.length);
  expect([...failed.keys()].sort()).toEqual([...lost, moved].map((key) => key?.id).sort());
  expect(await rowsOf(lost)).toEqual(before);
  expect(await readTexts(keys, newBox)).toEqual(textsOf(keys));
});

it('leaves what is known of a key, and has a check that was under way made again', async () => {
  const [quiet, checked] = await storeKeys(2, oldBox);
  await database.pool.query(`update provider_api_keys set check_at = now() + interval '1 minute' where id = $1`, [
    checked?.id,
  ]);
  await rotateKeys({ pool: database.pool, secretBox: bothBox });
  const { rows } = await database.pool.query(
    'select is_valid, check_at is null as is_quiet, check_at <= clock_timestamp() as is_due from provider_api_keys where id = any ($1) order by id',
    [[quiet?.id, checked?.id]],
  );
  expect(rows).toEqual([
    { is_valid: true, is_quiet: true, is_due: null },
    { is_valid: true, is_quiet: false, is_due: true },
  ]);
});

it('may be killed while it waits for a locked row: what is done is done, and the next run does the rest', async () => {
  const keys = await storeKeys(130, oldBox);
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await client.query('select from provider_api_keys where id = $1 for update', [keys[5]?.id]);
    const first = startCommand();
    await until('it waits for the locked row', isWaiting, { explain: async () => first.printed() });
    expect(await countOld()).toBe(1);
    first.child.kill('SIGKILL');
    await first.ended;
  } finally {
    await client.query('rollback');
    client.release();
  }
  expect(await readTexts(keys, bothBox)).toEqual(textsOf(keys));

  const second = startCommand();
  expect(await second.ended).toBe(0);
  expect(second.printed()).toContain('1 provider keys encrypted anew, 0 could not be opened');
  expect(await readTexts(keys, newBox)).toEqual(textsOf(keys));
});

it('as a command names what it could not open, tells it by its exit code, and prints no key', async () => {
  const [lost] = await storeKeys(1, createSecretBox([makeKey('lost')]));
  const keys = await storeKeys(2, oldBox);
  const run = startCommand();
  expect(await run.ended).toBe(1);
  expect(run.printed()).toContain(`provider key ${lost?.id} could not be opened: it is under the master key "lost"`);
  expect(run.printed()).toContain('2 provider keys encrypted anew, 1 could not be opened');
  for (const secret of [...textsOf(keys), oldKey.slice(4), newKey.slice(4)])
    expect(run.printed()).not.toContain(secret);
});

async function rowsOf(keys: readonly StoredKey[]): Promise<unknown[]> {
  const ids = keys.map(({ id }) => id);
  const { rows } = await database.pool.query('select * from provider_api_keys where id = any ($1) order by id', [ids]);
  return rows;
}

async function countOld(): Promise<number> {
  const { rows } = await database.pool.query('select ciphertext from provider_api_keys');
  return rows.filter((row) => !bothBox.isCurrent(row.ciphertext)).length;
}

async function isWaiting(): Promise<boolean> {
  const { rows } = await database.pool.query(
    `select from pg_stat_activity where application_name = 'base-rotate-keys' and datname = $1 and wait_event_type = 'Lock'`,
    [name],
  );
  return rows.length > 0;
}

function startCommand(): { child: ChildProcess; ended: Promise<number | null>; printed(): string } {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'run-rotate-keys.ts')], {
    env: {
      DATABASE_URL: url.href,
      MASTER_KEYS: `${newKey},${oldKey}`,
      PUBLIC_URL: 'http://api.test',
      REDIS_URL: 'redis://redis.test',
      SUPABASE_URL: 'http://supabase.test',
      SUPABASE_PUBLISHABLE_KEY: 'none',
      SUPABASE_SECRET_KEY: 'none',
      URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, printed: () => text };
}
