import { passTime as passTimeInDatabase } from '@base/shared/db/queries/billing';
import type { Schedule } from '../jobs/schedule.ts';
import type { WorkerDeps } from '../start/deps.ts';

const batchSize = 500;

/** Ends grants and grace that are over, begins new months, collects debts: what nobody tells us but the clock. */
export const passTime: Schedule = { name: 'pass-time', everySeconds: 60, run: passTimeNow };

export async function passTimeNow({
  pool,
  clock,
  log,
}: Pick<WorkerDeps, 'pool' | 'clock' | 'log'>): Promise<undefined> {
  for (;;) {
    const done = await passTimeInDatabase(pool, clock.now(), batchSize);
    const { expired, rolledOver, lapsed, collected } = done;
    if (expired + rolledOver + lapsed + collected === 0) return undefined;
    log.info(done, 'time has passed for accounts');
  }
}
