import { createLogger } from '@base/shared/log/logger';
import type { Pool } from 'pg';
import { afterEach, expect, it, vi } from 'vitest';
import { type ChangeFeed, createChangeFeed } from './change-feed.ts';

let feed: ChangeFeed;
afterEach(() => feed.stop());

/** A pool that answers every question of the feed with the same change. */
function poolWith(query: () => Promise<unknown>): Pool {
  return { query } as unknown as Pool; // the feed uses nothing else of it
}
const change = { at: '2026-01-01', kind: 'catalog', id: null, changed_at: '2026-01-01' };
const log = createLogger({ level: 'silent', process: 'test' });

it('acts once on a change that it sees again and again', async () => {
  const query = vi.fn(async () => ({ rows: [change] }));
  const onChanges = vi.fn();
  feed = createChangeFeed({ pool: poolWith(query), log, onChanges });
  feed.start();
  await vi.waitFor(() => expect(query.mock.calls.length).toBeGreaterThan(2), { timeout: 5_000 });
  expect(onChanges).toHaveBeenCalledTimes(1);
});

it('acts again on a change that it could not act on', async () => {
  const onChanges = vi.fn().mockRejectedValueOnce(new Error('not now'));
  feed = createChangeFeed({ pool: poolWith(async () => ({ rows: [change] })), log, onChanges });
  feed.start();
  await vi.waitFor(() => expect(onChanges).toHaveBeenCalledTimes(2), { timeout: 3_000 });
  await vi.waitFor(() => expect(feed.ageMs()).toBeLessThan(1_500), { timeout: 3_000 });
});

it('grows old while Postgres does not answer', async () => {
  feed = createChangeFeed({ pool: poolWith(() => new Promise(() => {})), log, onChanges: vi.fn() });
  feed.start();
  expect(feed.ageMs()).toBe(Number.POSITIVE_INFINITY);
});
