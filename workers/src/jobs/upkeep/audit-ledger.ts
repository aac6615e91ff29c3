import type { Schedule } from '../schedule.ts';

const shownMax = 20;

/** Runs `verify_ledger()` and tells metrics and log of every violation: there is never a right reason for one. */
export const auditLedger: Schedule = {
  name: 'audit-ledger',
  everySeconds: 300,
  async run({ pool, log }) {
    const { rows } = await pool.query('select * from public.verify_ledger()');
    if (rows.length > 0) log.fatal({ violations: rows.length, first: rows.slice(0, shownMax) }, 'THE LEDGER IS WRONG');
    return { ledger_violations: rows.length };
  },
};
