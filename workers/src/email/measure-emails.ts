import type { Figures, Schedule } from '../jobs/schedule.ts';

/** Figures that alarms stand on; without a mail server they grow. */
export const measureEmails: Schedule = {
  name: 'measure-emails',
  everySeconds: 60,
  async run({ pool }) {
    const { rows } = await pool.query<Figures>(
      `select count(*) filter (where next_attempt_at <= now())::float as emails_due,
         coalesce(extract(epoch from now() - min(due_at)), 0)::float as emails_oldest_seconds,
         (select count(*)::float from email_outbox where status = 'failed' and updated_at > now() - interval '24 hours') as emails_failed
       from email_outbox where status in ('pending', 'sending') and due_at <= now()`,
    );
    return rows[0] ?? {};
  },
};
