import { Batcher } from '@base/shared/concurrency/batcher';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { within } from './within.ts';

export interface KeyUses {
  /** Notes that the key was used from this address just now. */
  note(keyId: string, address: string): void;
}

interface Use {
  keyId: string;
  address: string;
}

/** The same keys as principals.ts remembers. */
const rememberedMax = 20_000;
const everyMs = 60_000;
const queryTimeoutMs = 4_000;

/**
 * Writes when and from where API keys were last used: beside the requests, many keys in one call, each at most once a
 * minute (note_key_uses sees to that for the whole fleet).
 */
export function createKeyUses(pool: Pool): KeyUses {
  const noted = new LRUCache<string, true>({ max: rememberedMax, ttl: everyMs });
  const batcher = new Batcher<Use, void>(
    async (uses) => {
      await within(
        queryTimeoutMs,
        pool.query('select public.note_key_uses($1::uuid[], $2::text[])', [
          uses.map((use) => use.keyId),
          uses.map((use) => use.address),
        ]),
      );
      return uses.map(() => undefined);
    },
    { sizeMax: 500 },
  );
  return {
    note(keyId, address) {
      // By address too: the first use from each goes to the audit log.
      const use = `${keyId} ${address}`;
      if (noted.has(use)) return;
      noted.set(use, true);
      batcher.add({ keyId, address }).then(
        // From now on: a use a minute after the first attempt would come a moment too early for Postgres.
        () => void noted.set(use, true),
        // The next use notes it.
        () => void noted.delete(use),
      );
    },
  };
}
