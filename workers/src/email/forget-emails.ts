import type { Schedule } from '../jobs/schedule.ts';

const batchSize = 1_000;

/** E-mails that were sent, or never will be, are kept for ninety days: long enough to look into a complaint. */
export const forgetEmails: Schedule = {
  name: 'forget-emails',
  everySeconds: 3_600,
  async run({ pool }) {
    for (let removed = batchSize; removed === batchSize; ) {
      const { rows } = await pool.query<{ count: number }>('select public.forget_emails(90, $1) as count', [batchSize]);
      removed = rows[0]?.count ?? 0;
    }
  },
};
