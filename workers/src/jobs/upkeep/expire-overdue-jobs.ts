import { expireJobs } from '@base/shared/db/queries/job-lifecycle';
import type { Schedule } from '../schedule.ts';

const batchSize = 200;

/** The reaper: ends jobs past their deadline in the customer's favour. Workers that still have one lose its lease. */
export const expireOverdueJobs: Schedule = {
  name: 'expire-overdue-jobs',
  everySeconds: 5,
  async run({ pool, ending, metrics, log }) {
    for (;;) {
      const rows = await expireJobs(pool, batchSize);
      const expired = rows.filter((row) => row.kind === 'released');
      if (expired.length === 0) return;
      log.warn({ jobs: expired.length }, 'jobs ended at their deadline');
      for (const row of expired) metrics.jobOutcomes.inc({ status: 'failed', type: row.type, provider: row.provider });
      ending.announce(rows);
    }
  },
};
