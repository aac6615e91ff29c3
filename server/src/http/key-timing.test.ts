import { randomInt, randomUUID } from 'node:crypto';
import { apiKeyPrefix, hashApiKey, isApiKey, makeApiKey } from '@base/shared/crypto/api-key';
import type { Request } from 'express';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeKey, makeTenant } from '../testing/make-tenant.ts';
import { startApi, type TestApi } from '../testing/start-api.ts';
import { alterKey } from '../testing/well-formed-key.ts';

const samplesPerKind = 60;
/** Of a test statistic that is normal when times do not differ: beyond it by chance once in millions of runs. */
const improbable = 5.5;

let api: TestApi;
let right: string;
beforeAll(async () => {
  api = await startApi();
  right = await makeKey(api, await makeTenant(api, { plan: 'professional' }));
});
afterAll(() => api.close());

const wrongKeys: Record<string, (variant: number) => string> = {
  'wrong in its first character': (variant) => alterKey(right, apiKeyPrefix.length, variant),
  'right but for its last character': (variant) => alterKey(right, right.length - 7, variant),
  'wrong throughout': () => makeApiKey(),
};
const kinds = Object.keys(wrongKeys);

/** How long the refusal of a key takes, in milliseconds: a first try, which no memory of the node answers. */
async function timeRefusal(key: string, slow: (key: string) => void): Promise<number> {
  api.deps.authenticator.forget([{ kind: 'api_key', id: randomUUID() }]);
  const ip = `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`;
  const request = { headers: { 'x-api-key': key }, ip } as unknown as Request; // all that the authenticator reads
  const startedAt = performance.now();
  const outcome = await api.deps.authenticator.authenticate(request).catch((error: unknown) => {
    slow(key);
    return error;
  });
  const ms = performance.now() - startedAt;
  expect(outcome).toMatchObject({ code: 'unauthenticated' });
  return ms;
}

/** Refusals of all kinds in a random order, so that whatever else the machine does befalls all kinds alike. */
async function measure(slow: (key: string) => void = () => {}): Promise<Map<string, number[]>> {
  const times = new Map(kinds.map((kind) => [kind, [] as number[]]));
  for (let round = -5; round < samplesPerKind; round += 1) {
    const order = kinds.map((kind) => ({ kind, place: Math.random() })).sort((a, b) => a.place - b.place);
    for (const { kind } of order) {
      const key = wrongKeys[kind]?.(round + 5) ?? '';
      const ms = await timeRefusal(key, slow);
      // The first rounds warm up.
      if (round >= 0) times.get(kind)?.push(ms);
    }
  }
  return times;
}

/** Mann and Whitney's test: how far the ranks of two samples are from being mixed at random, in standard deviations. */
function rankDifference(a: readonly number[], b: readonly number[]): number {
  const greater = a.reduce((sum, x) => sum + b.reduce((count, y) => count + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0);
  const pairs = a.length * b.length;
  return (greater - pairs / 2) / Math.sqrt((pairs * (a.length + b.length + 1)) / 12);
}

/** The greatest difference between two kinds. */
function greatestDifference(times: ReadonlyMap<string, number[]>): number {
  const all = [...times.values()];
  return Math.max(...all.flatMap((a, index) => all.slice(index + 1).map((b) => Math.abs(rankDifference(a, b)))));
}

describe('the time that refusing an API key takes', () => {
  it('does not tell how much of the key is right', async () => {
    expect(greatestDifference(await measure())).toBeLessThan(improbable);
  });

  // What is measured above can be measured: a refusal that takes longer for a key that begins right is found out.
  it('would give away a comparison that goes on for as long as the key is right', async () => {
    const compare = (key: string): void => {
      const until = performance.now() + (key.slice(0, 50) === right.slice(0, 50) ? 5 : 0);
      while (performance.now() < until);
    };
    expect(greatestDifference(await measure(compare))).toBeGreaterThan(improbable);
  });
});

it('a wrong key of any kind is looked up by its SHA-256, once, and by nothing else', async () => {
  const query = vi.spyOn(api.deps.pool, 'query');
  try {
    for (const kind of kinds) {
      const key = wrongKeys[kind]?.(1) ?? '';
      expect(isApiKey(key), kind).toBe(true);
      query.mockClear();
      await timeRefusal(key, () => {});
      const asked = query.mock.calls.filter(([sql]) => !String(sql).includes('changes_since'));
      expect(asked, kind).toEqual([['select * from public.authenticate_api_key($1)', [hashApiKey(key)]]]);
    }
  } finally {
    query.mockRestore();
  }
});
