import { randomBytes, randomUUID } from 'node:crypto';
import { type KeyProvider, keyProblems } from '@base/shared/contracts/provider-keys';
import { createSecretBox, providerKeyContext } from '@base/shared/crypto/secret-box';
import { type Database, openDatabase } from '@base/shared/db/database';
import { runMigrations } from '@base/shared/db/migrate/run-migrations';
import { v7 as uuidV7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type KeyVerdict, ProviderUnreachable } from '../../providers/provider.ts';
import { type Answer, makeTestWorker, type Question } from './test-worker.ts';
import { validateDueKeys } from './validate-provider-keys.ts';

// A database of its own: the stack's worker would take the keys that are to be checked here.
const name = `validate_${process.pid}`;
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

const secretBox = createSecretBox([`test:${randomBytes(32).toString('base64')}`]);

interface Key {
  id: string;
  organizationId: string;
  provider: string;
}

function seal(text: string, { organizationId, provider }: Omit<Key, 'id'>): Buffer {
  return secretBox.seal(text, providerKeyContext(organizationId, provider));
}

/** A key as the API stores it. */
async function storeKey(text: string, provider: KeyProvider = 'openai'): Promise<Key> {
  const key = { id: uuidV7(), organizationId: randomUUID(), provider };
  await database.pool.query('insert into organizations (id, name, slug) values ($1, $2, $3)', [
    key.organizationId,
    'test',
    `test-${key.organizationId}`,
  ]);
  await database.pool.query(
    'insert into provider_api_keys (id, organization_id, provider, ciphertext, last4, base_url) values ($1, $2, $3, $4, $5, $6)',
    [key.id, key.organizationId, provider, seal(text, key), text.slice(-4), 'https://one.models.test/v1'],
  );
  return key;
}

async function rowOf({ id }: Key) {
  const { rows } = await database.pool.query(
    `select is_valid, last_error, validated_at is not null as has_verdict, check_at is null as is_settled,
       round(extract(epoch from check_at - updated_at))::int as wait_seconds from provider_api_keys where id = $1`,
    [id],
  );
  return rows[0];
}

/** As if so much time had passed for all keys. */
async function passTime(seconds: number): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query("set session_replication_role = 'replica'"); // No trigger stamps the rows.
    await client.query(
      `update provider_api_keys set check_at = check_at - make_interval(secs => $1), updated_at = updated_at - make_interval(secs => $1)`,
      [seconds],
    );
  } finally {
    client.release(true);
  }
}

const makeWorker = (answer: Answer, known?: readonly string[]) =>
  makeTestWorker({ pool: database.pool, secretBox }, answer, known);
const accept: Answer = () => ({ isValid: true });
const unreachable: Answer = () => Promise.reject(new ProviderUnreachable('no answer'));

describe('one check', () => {
  it('writes what the provider says, and asks no more', async () => {
    const [good, bad] = [await storeKey('good-key-1234'), await storeKey('bad-key-1234', 'fal')];
    const worker = makeWorker(({ apiKey }) =>
      apiKey.startsWith('good') ? { isValid: true } : { isValid: false, detail: 'HTTP 401 {"detail":"bad token"}' },
    );
    await validateDueKeys(worker);
    const settled = { has_verdict: true, is_settled: true, wait_seconds: null };
    expect(await rowOf(good)).toEqual({ is_valid: true, last_error: null, ...settled });
    expect(await rowOf(bad)).toEqual({ is_valid: false, last_error: keyProblems.refused, ...settled });
    await validateDueKeys(worker);
    expect(worker.asked.sort()).toEqual(['bad-key-1234', 'good-key-1234']);
    expect(worker.logged()).toContain('bad token');
    expect(worker.logged()).not.toMatch(/-key-1234/);
  });

  it('calls a key invalid that it cannot decrypt, without asking anybody', async () => {
    const key = await storeKey('some-key-1234');
    const foreign = createSecretBox([`lost:${randomBytes(32).toString('base64')}`]);
    const context = providerKeyContext(key.organizationId, key.provider);
    await database.pool.query('update provider_api_keys set ciphertext = $2 where id = $1', [
      key.id,
      foreign.seal('x', context),
    ]);
    const worker = makeWorker(accept);
    await validateDueKeys(worker);
    expect(await rowOf(key)).toMatchObject({
      is_valid: false,
      last_error: keyProblems.undecryptable,
      is_settled: true,
    });
    expect(worker.asked).toEqual([]);
    expect(worker.logged()).toContain('lost');
  });

  it('asks with the key and the address of the row, and not for ever', async () => {
    const key = await storeKey('some-key-1234', 'openai-compatible');
    const questions: Question[] = [];
    await validateDueKeys(
      makeWorker((question) => {
        questions.push(question);
        return { isValid: true };
      }),
    );
    expect(questions).toEqual([
      {
        provider: 'openai-compatible',
        apiKey: 'some-key-1234',
        baseUrl: 'https://one.models.test/v1',
        request: { requestId: key.id, signal: expect.any(AbortSignal) },
      },
    ]);
  });
});

describe('a provider that cannot be reached', () => {
  it('is asked again, ever later up to ten minutes; the last verdict stands meanwhile', async () => {
    const key = await storeKey('some-key-1234');
    const worker = makeWorker(unreachable);
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      await validateDueKeys(worker);
      const row = await rowOf(key);
      expect(row).toMatchObject({ is_valid: null, last_error: keyProblems.unreachable, has_verdict: false });
      waits.push(row.wait_seconds);
      await validateDueKeys(worker);
      await passTime(row.wait_seconds + 1);
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
    expect(worker.asked).toHaveLength(8);
    await validateDueKeys(makeWorker(accept));
    expect(await rowOf(key)).toMatchObject({ is_valid: true, last_error: null, is_settled: true });
    // Somebody asks: the waits begin anew, and what was known stands.
    await database.pool.query('update provider_api_keys set check_at = clock_timestamp() where id = $1', [key.id]);
    await validateDueKeys(worker);
    expect(await rowOf(key)).toMatchObject({ is_valid: true, last_error: keyProblems.unreachable, wait_seconds: 10 });
  });

  it('is left alone for as long as it asks, within reason', async () => {
    const [short, long] = [await storeKey('short-key'), await storeKey('long-key', 'fal')];
    await validateDueKeys(
      makeWorker(({ apiKey }) => {
        throw new ProviderUnreachable('HTTP 429', { retryAfterMs: apiKey === 'short-key' ? 45_000 : 3_600_000 });
      }),
    );
    expect([await rowOf(short), await rowOf(long)]).toMatchObject([{ wait_seconds: 45 }, { wait_seconds: 600 }]);
  });

  it('also when this worker does not know it, or its adapter fails in a way of its own', async () => {
    const [unknown, broken] = [await storeKey('one-key-1234', 'fal'), await storeKey('two-key-1234')];
    const fail: Answer = () => {
      throw new TypeError('broken');
    };
    await validateDueKeys(makeWorker(fail, ['openai']));
    for (const key of [unknown, broken]) {
      expect(await rowOf(key)).toMatchObject({ is_valid: null, last_error: keyProblems.unreachable, wait_seconds: 10 });
    }
  });
});

describe('meanwhile', () => {
  // The second as a rotation by other means would do it: new bytes, and nobody asks.
  it.each(['clock_timestamp()', 'check_at'])(
    'a key replaced while it is asked about, to be checked at %s, gets nothing of the verdict',
    async (checkAt) => {
      const key = await storeKey('first-key-1234');
      const replace = `update provider_api_keys set ciphertext = $2, check_at = ${checkAt} where id = $1`;
      const worker = makeWorker(async ({ apiKey }) => {
        if (apiKey !== 'first-key-1234') return { isValid: true };
        await database.pool.query(replace, [key.id, seal('second-key-1234', key)]);
        return { isValid: false, detail: 'refused' };
      });
      await validateDueKeys(worker);
      expect(await rowOf(key)).toMatchObject({ is_valid: null, last_error: null, is_settled: false });
      await passTime(61);
      await validateDueKeys(worker);
      expect(await rowOf(key)).toMatchObject({ is_valid: true, is_settled: true });
    },
  );

  it.each([
    ['the verdict', accept],
    ['the failure to get one', unreachable],
  ])('a check that somebody asks for during a check is made, and %s is not kept', async (_what, answer) => {
    const key = await storeKey('some-key-1234');
    const ask = 'update provider_api_keys set check_at = clock_timestamp() where id = $1';
    await validateDueKeys(
      makeWorker(async (question) => {
        await database.pool.query(ask, [key.id]);
        return answer(question);
      }),
    );
    expect(await rowOf(key)).toMatchObject({ is_valid: null, last_error: null, is_settled: false });
    const next = makeWorker(accept);
    await validateDueKeys(next);
    expect(next.asked).toEqual(['some-key-1234']);
  });

  it('a key that is removed stays removed', async () => {
    const key = await storeKey('some-key-1234');
    await validateDueKeys(
      makeWorker(async () => {
        await database.pool.query('delete from provider_api_keys where id = $1', [key.id]);
        return { isValid: true };
      }),
    );
    expect(await rowOf(key)).toBeUndefined();
  });

  it('a worker that dies over a check is made up for after a minute, and its late verdict is not taken', async () => {
    const key = await storeKey('some-key-1234');
    let answerLate: (verdict: KeyVerdict) => void = () => {};
    const isAsked = Promise.withResolvers<void>();
    const frozen = validateDueKeys(
      makeWorker(() => {
        isAsked.resolve();
        return new Promise((resolve) => {
          answerLate = resolve;
        });
      }),
    );
    await isAsked.promise;
    const next = makeWorker(accept);
    await passTime(30);
    await validateDueKeys(next);
    expect(next.asked).toEqual([]);
    await passTime(31);
    await validateDueKeys(next);
    expect(next.asked).toEqual(['some-key-1234']);
    answerLate({ isValid: false, detail: 'late' });
    await frozen;
    expect(await rowOf(key)).toMatchObject({ is_valid: true, is_settled: true });
  });
});

it('asks about each key once, however many workers there are, and four of a provider at a time', async () => {
  const texts: string[] = [];
  for (let index = 0; index < 30; index += 1) {
    texts.push(`key-number-${index}`);
    await storeKey(`key-number-${index}`, index % 3 === 0 ? 'fal' : 'openai');
  }
  const underWay = new Map<string, number>();
  let most = 0;
  const count = (provider: string, change: number) => {
    underWay.set(provider, (underWay.get(provider) ?? 0) + change);
    most = Math.max(most, ...underWay.values());
  };
  const worker = makeWorker(async ({ provider }) => {
    count(provider, 1);
    await database.pool.query('select 1');
    count(provider, -1);
    return { isValid: true };
  });
  for (let run = 0; run < 5; run += 1) await validateDueKeys(worker);
  expect(most).toBe(4);
  expect(worker.asked).toHaveLength(30);
  expect(worker.asked.sort()).toEqual(texts.sort());

  await database.pool.query('update provider_api_keys set check_at = clock_timestamp()');
  const workers = [1, 2, 3, 4, 5, 6, 7, 8].map(() => makeWorker(accept));
  for (let run = 0; run < 5; run += 1) await Promise.all(workers.map(validateDueKeys));
  expect(workers.flatMap(({ asked }) => asked).sort()).toEqual(texts);
});
