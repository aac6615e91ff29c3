import type { Schedule } from '../schedule.ts';

const monthsAhead = 3;

/** Makes the audit log's next months, and drops those that are older than it is kept. */
export const keepAuditMonths: Schedule = {
  name: 'keep-audit-months',
  everySeconds: 86_400,
  async run({ pool, config }) {
    await pool.query('select public.keep_audit_months($1, $2)', [monthsAhead, config.AUDIT_MONTHS_KEPT]);
  },
};
