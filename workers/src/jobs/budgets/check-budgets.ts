import type { Schedule } from '../schedule.ts';

const entriesMax = 20_000;

/** Tells organizations what is spent of periods and budgets, and when credits run low: each alert once a period. */
export const checkBudgets: Schedule = {
  name: 'check-budgets',
  everySeconds: 30,
  async run({ pool }) {
    let alerts = 0;
    for (let isFirst = true; ; isFirst = false) {
      const { rows } = await pool.query<{ entries: number; alerts: number }>(
        'select * from public.check_budgets($1, $2)',
        [entriesMax, isFirst],
      );
      alerts += rows[0]?.alerts ?? 0;
      if ((rows[0]?.entries ?? 0) < entriesMax) return { budget_alerts: alerts };
    }
  },
};
