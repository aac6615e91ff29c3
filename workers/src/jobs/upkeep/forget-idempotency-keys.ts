import type { Schedule } from '../schedule.ts';

/** Keys of POSTs other than jobs are kept for a day, which is what the API promises. */
export const forgetIdempotencyKeys: Schedule = {
  name: 'forget-idempotency-keys',
  everySeconds: 3_600,
  async run({ pool }) {
    await pool.query("delete from idempotency_keys where created_at < now() - interval '25 hours'");
  },
};
