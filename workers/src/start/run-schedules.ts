import { claimSchedule } from '@base/shared/db/queries/job-lifecycle';
import type { Schedule } from '../jobs/schedule.ts';
import type { WorkerDeps } from './deps.ts';

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
        deps.log.error({ err, schedule: schedule.name }, 'a schedule failed; it will run again when it is due');
      } finally {
        isBusy = false;
      }
    };
    // A little faster than due, so that a run is not late by a whole interval.
    const timer = setInterval(
      () => {
        const run = tick().finally(() => running.delete(run));
        running.add(run);
      },
      Math.min(schedule.everySeconds * 500, 30_000),
    );
    return timer;
  });
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(running);
  };
}
