import { extendLeases, type Lease } from '@base/shared/db/queries/job-lifecycle';
import type { Queryable } from '@base/shared/db/queryable';
import type { Logger } from '@base/shared/log/logger';

/** The reason of the signal of a job that somebody else may have by now. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

/** The reason of the signal of a text that its customer has canceled while it is written. */
export class CancelRequested extends Error {
  override name = 'CancelRequested';
}

/** The reason of the signal of a job whose process is about to end. */
export class HandedBack extends Error {
  override name = 'HandedBack';
}

/** A canceled job is stopped within this time. */
const cancelNoticedMs = 2_000;

/**
 * Keeps the leases of the jobs that this process is working on, all with one call. A job whose lease is gone (canceled,
 * expired, taken over) has its signal aborted, so that work nobody wants any more stops.
 */
export class LeaseKeeper {
  readonly #pool: Queryable;
  readonly #leaseMs: number;
  readonly #log: Logger;
  readonly #kept = new Map<string, { id: string; controller: AbortController; until: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { pool: Queryable; leaseSeconds: number; log: Logger }) {
    this.#pool = options.pool;
    this.#leaseMs = options.leaseSeconds * 1000;
    this.#log = options.log;
  }

  start(): void {
    const everyMs = Math.min(this.#leaseMs / 4, cancelNoticedMs);
    const tick = async () => {
      await this.#extend();
      if (this.#timer !== undefined) this.#timer = setTimeout(tick, everyMs);
    };
    this.#timer = setTimeout(tick, everyMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Keeps a lease until `drop`. @returns a signal that aborts when the lease is lost. */
  keep(lease: Lease): AbortSignal {
    const controller = new AbortController();
    this.#kept.set(lease.leaseToken, { id: lease.id, controller, until: performance.now() + this.#leaseMs });
    return controller.signal;
  }

  /** Aborts every step under way, so that other workers can go on with the jobs. */
  handBackAll(): void {
    for (const { controller } of this.#kept.values()) controller.abort(new HandedBack('this worker is about to end'));
  }

  drop(lease: Lease): void {
    this.#kept.delete(lease.leaseToken);
  }

  async #extend(): Promise<void> {
    const leases = [...this.#kept].map(([leaseToken, { id }]) => ({ id, leaseToken }));
    if (leases.length === 0) return;
    const startedAt = performance.now();
    try {
      const owned = await extendLeases(this.#pool, leases, this.#leaseMs / 1000);
      for (const { id, leaseToken } of leases) {
        const entry = this.#kept.get(leaseToken);
        if (!entry) continue;
        const kept = owned.get(id);
        if (kept) entry.until = startedAt + this.#leaseMs;
        if (kept?.isCancelRequested) entry.controller.abort(new CancelRequested('the customer has canceled the job'));
        if (!kept) entry.controller.abort(new LeaseLost('the job was taken over or has ended'));
      }
    } catch (err) {
      this.#log.warn({ err, leases: leases.length }, 'leases could not be extended');
      // Nobody can say whose they are; what was not confirmed for a whole lease is treated as lost.
      for (const entry of this.#kept.values()) {
        if (entry.until < performance.now())
          entry.controller.abort(new LeaseLost('the lease could not be extended in time'));
      }
    }
  }
}
