import type { Logger } from '@base/shared/log/logger';
import type { Pool } from 'pg';
import type { Notices } from './notice-listener.ts';
import { within } from './within.ts';

/** Tells event streams when their organization has news; what the news are stands in Postgres. */
export interface EventWatch {
  listen(organizationId: string): Listener;
  close(): Promise<void>;
}

export interface Listener {
  /** Resolves when there may be an event that the caller has not seen (at once, if since the last call), or on abort. */
  news(signal: AbortSignal): Promise<void>;
  stop(): void;
}

interface Listening {
  isDue: boolean;
  wake: (() => void) | null;
}

interface Watched {
  listeners: Set<Listening>;
  /** The newest event that the listeners were woken for. */
  newest: string | null;
  stopNotices: () => void;
}

const pollEveryMs = 2_000;
const organizationsPerQuery = 2_000;
const queryTimeoutMs = 5_000;

const newestSql = `select o.id as organization_id, e.id from unnest($1::uuid[]) o (id)
cross join lateral (select x.id from public.events x where x.organization_id = o.id order by x.id desc limit 1) e`;

/**
 * Watches the organizations that have open streams, all in one query however many streams there are. Notices through
 * Redis bring most news sooner; nothing depends on them.
 */
export function createEventWatch({ pool, notices, log }: { pool: Pool; notices: Notices; log: Logger }): EventWatch {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | null = null;
  let polling: Promise<void> = Promise.resolve();

  const poll = async (): Promise<void> => {
    const ids = [...watched.keys()];
    for (let from = 0; from < ids.length; from += organizationsPerQuery) {
      const some = ids.slice(from, from + organizationsPerQuery);
      const query = pool.query<{ organization_id: string; id: string }>(newestSql, [some]);
      for (const row of (await within(queryTimeoutMs, query)).rows) {
        const found = watched.get(row.organization_id);
        if (found === undefined || found.newest === row.id) continue;
        found.newest = row.id;
        wakeAll(found);
      }
    }
  };
  const tick = (): void => {
    polling = poll()
      .catch((err: unknown) => log.debug({ err }, 'event streams could not be told of news'))
      .then(() => {
        timer = watched.size === 0 ? null : setTimeout(tick, pollEveryMs);
      });
  };

  const watch = (organizationId: string): Watched => {
    const known = watched.get(organizationId);
    if (known !== undefined) return known;
    const added: Watched = { listeners: new Set(), newest: null, stopNotices: () => {} };
    added.stopNotices = notices.listen(organizationId, () => {
      wakeAll(added);
      return false;
    }).stop;
    watched.set(organizationId, added);
    timer ??= setTimeout(tick, pollEveryMs);
    return added;
  };

  return {
    listen(organizationId) {
      const found = watch(organizationId);
      const listening: Listening = { isDue: false, wake: null };
      found.listeners.add(listening);
      return {
        news: (signal) => newsOf(listening, signal),
        stop() {
          if (!found.listeners.delete(listening) || found.listeners.size > 0) return;
          watched.delete(organizationId);
          found.stopNotices();
        },
      };
    },
    async close() {
      watched.clear();
      await polling;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function wakeAll({ listeners }: Watched): void {
  for (const listening of listeners) {
    listening.isDue = true;
    listening.wake?.();
  }
}

function newsOf(listening: Listening, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      listening.wake = null;
      listening.isDue = false;
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    listening.wake = done;
    if (listening.isDue || signal.aborted) done();
  });
}
