import type { Logger } from '@base/shared/log/logger';
import type { Pool } from 'pg';
import type { Change } from './principals.ts';
import { within } from './within.ts';

/**
 * Once a second each node asks Postgres what changed, and forgets it: a revoked key or a user switched off is refused
 * within two seconds on every node, without Redis and without LISTEN (which a transaction pooler does not carry).
 * Each question overlaps the one before by ten seconds, because a change shows only when its transaction commits;
 * a change that was seen already is not acted on twice. All times are Postgres's own.
 */
const everyMs = 1_000;
const queryTimeoutMs = 1_500;
const sql = `select now()::text as at, c.kind, c.id, c.changed_at::text as changed_at
  from (select 1) one
  left join lateral public.changes_since(coalesce($1::timestamptz, now()) - interval '10 seconds') c on true`;

export interface ChangeFeed {
  start(): void;
  /** Stops asking and waits for the question under way. */
  stop(): Promise<void>;
  /** Milliseconds since an answer; Infinity before the first. */
  ageMs(): number;
}

interface FeedRow {
  at: string;
  kind: string | null;
  id: string | null;
  changed_at: string | null;
}

export function createChangeFeed(options: {
  pool: Pool;
  log: Logger;
  onChanges: (changes: Change[]) => void | Promise<void>;
}): ChangeFeed {
  const { pool, log, onChanges } = options;
  let at: string | null = null;
  let lastSuccess = Number.NEGATIVE_INFINITY;
  let seen = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let stopped = true;
  let failing = false;

  const ask = async (): Promise<void> => {
    const askedAt = performance.now();
    try {
      // The pool's own time-outs are longer than the feed can wait.
      const { rows } = await within(queryTimeoutMs, pool.query<FeedRow>(sql, [at]));
      const nowSeen = new Set<string>();
      const changes: Change[] = [];
      for (const { kind, id, changed_at } of rows) {
        if (kind === null) continue;
        const name = `${kind} ${id} ${changed_at}`;
        nowSeen.add(name);
        if (!seen.has(name)) changes.push({ kind, id });
      }
      if (changes.length > 0) await onChanges(changes);
      // Only now: what could not be acted on counts as new the next time.
      seen = nowSeen;
      at = rows[0]?.at ?? at;
      lastSuccess = askedAt;
      if (failing) log.info('the change feed works again');
      failing = false;
    } catch (error) {
      // Nothing to translate: principals stop trusting old entries by themselves, and the next question is a second away.
      if (!failing) log.warn({ err: error }, 'the change feed does not get through');
      failing = true;
    }
  };
  const loop = (): void => {
    running = ask().finally(() => {
      if (!stopped) timer = setTimeout(loop, everyMs);
    });
  };

  return {
    start() {
      stopped = false;
      loop();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
    ageMs: () => performance.now() - lastSuccess,
  };
}
