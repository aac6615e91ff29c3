import { claimSchedule } from '@base/shared/db/queries/job-lifecycle';
import type { Schedule } from '../jobs/schedule.ts';
import type { WorkerDeps } from './deps.ts';

const retrySeconds = 60;

/**
 * Runs schedules from timers in every worker that lists `upkeep`; a row in Postgres lets exactly one of them do each run.
 * It needs no Redis, because one of the schedules is what repairs the loss of Redis.
 * @returns a function that stops the timers and waits for runs under way.
 */
export function runSchedules(schedules: readonly Schedule[], deps: WorkerDeps): () => Promise<void> {
  const running = new Set<Promise<void>>();
  const timers = schedules.map((schedule) => {
    let isBusy = false;
    const tick = async (): Promise<void> => {
      if (isBusy) return;
      isBusy = true;
      try {
        if (await claimSchedule(deps.pool, schedule.name, schedule.everySeconds)) {
          const figures = await schedule.run(deps);
          await deps.pool.query(
            'update schedules set last_succeeded_at = clock_timestamp(), figures = $2 where name = $1',
            [schedule.name, figures ?? {}],
          );
        }
      } catch (err) {
        deps.log.error({ err, schedule: schedule.name }, 'a schedule failed; it will run again soon');
        await runSoon(deps, schedule.name);
      } finally {
        isBusy = false;
      }
    };
    const start = (): void => {
      const run = tick().finally(() => running.delete(run));
      running.add(run);
    };
    start();
    // A little faster than due, so that a run is not late by a whole interval.
    return setInterval(start, Math.min(schedule.everySeconds * 500, 30_000));
  });
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(running);
  };
}

/** What runs every few hours must not wait that long because it failed once. */
async function runSoon({ pool, log }: WorkerDeps, name: string): Promise<void> {
  const soon = `clock_timestamp() + interval '${retrySeconds} seconds'`;
  await pool
    .query(`update schedules set next_run_at = least(next_run_at, ${soon}) where name = $1`, [name])
    .catch((err: unknown) => log.debug({ err, schedule: name }, 'the schedule keeps its time'));
}
