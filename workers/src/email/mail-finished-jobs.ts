import type { Schedule } from '../jobs/schedule.ts';

/** Writes e-mails of long jobs that have ended, to people who asked for them; looks at nobody else's events. */
export const mailFinishedJobs: Schedule = {
  name: 'mail-finished-jobs',
  everySeconds: 20,
  async run({ pool }) {
    await pool.query('select public.mail_finished_jobs()');
  },
};
