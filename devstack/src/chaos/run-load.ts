import { setTimeout as pause } from 'node:timers/promises';
import { pickByShare } from './make-order.ts';
import { grantCredits, type Tenant } from './make-tenants.ts';
import type { Pool } from './read-jobs.ts';
import { type CustomerDeps, serveCustomer } from './serve-customer.ts';

export interface Load {
  /** No new customers come. */
  stop(): void;
  /** Resolves when the last one has left; never rejects. */
  ended: Promise<void>;
}

/** More at the same time would only wait for each other in this process. */
const customersMax = 200;
const topUpEveryMs = 10_000;
const topUpCredits = 6;

/** Customers of all organizations come by chance, so many a second on average, until it is stopped. */
export function runLoad(
  tenants: readonly Tenant[],
  options: { jobsPerSecond: number; deps: CustomerDeps; pool: Pool },
): Load {
  const { deps, jobsPerSecond } = options;
  const { random, violations } = deps;
  const stopping = new AbortController();
  const present = new Set<Promise<void>>();
  const come = (): void => {
    const serving = serveCustomer(pickByShare(random, tenants), deps)
      .catch((error: unknown) => violations.add('orders_answered', `a customer gave up: ${error}`))
      .finally(() => present.delete(serving));
    present.add(serving);
  };
  const load = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // Arrivals without memory of each other: the times between them are exponentially distributed.
      await pause((-Math.log(1 - random.next()) * 1000) / jobsPerSecond);
      if (present.size < customersMax) come();
    }
    await Promise.all(present);
  };
  const ended = Promise.all([load(), topUp(tenants, options.pool, stopping.signal)]).then(
    () => {},
    (error: unknown) => violations.add('orders_answered', String(error)),
  );
  return { stop: () => stopping.abort(), ended };
}

/** Those kept short get a little again and again, each gift by a reference of its own until it has certainly arrived. */
async function topUp(tenants: readonly Tenant[], pool: Pool, signal: AbortSignal): Promise<void> {
  const short = tenants.filter((tenant) => tenant.isShort);
  for (let gift = 1; !signal.aborted; gift += 1) {
    await pause(topUpEveryMs, undefined, { signal }).catch(() => {});
    for (const tenant of short) await giveSurely(() => grantCredits(pool, tenant, topUpCredits, `gift-${gift}`));
  }
}

async function giveSurely(give: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      return await give();
    } catch {
      await pause(300); // Postgres is away.
    }
  }
  throw new Error('Postgres did not take a gift of credits for half a minute');
}
