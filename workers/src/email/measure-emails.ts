import type { Figures, Schedule } from '../jobs/schedule.ts';

/** Figures that alarms stand on; without a mail server they grow. */
export const measureEmails: Schedule = {
  name: 'measure-emails',
  everySeconds: 60,
  async run({ pool }) {
    const { rows } = await pool.query<Figures>(
      `select
         (select count(*)::float from email_outbox where status in ('pending', 'sending') and next_attempt_at <= clock_timestamp()) as emails_due,
         coalesce((select extract(epoch from clock_timestamp() - min(due_at))::float from email_outbox
          where status in ('pending', 'sending') and due_at <= clock_timestamp()), 0) as emails_oldest_seconds,
         (select count(*)::float from email_outbox where status = 'failed' and updated_at > clock_timestamp() - interval '24 hours') as emails_failed`,
    );
    return rows[0] ?? {};
  },
};
