import type { Figures, Schedule } from '../schedule.ts';

/** Figures that alarms stand on. Every account is one row, and the index on `queued_at` gives the oldest at once. */
export const measureBacklog: Schedule = {
  name: 'measure-backlog',
  everySeconds: 15,
  async run({ pool }) {
    const { rows } = await pool.query<Figures>(
      `select
         coalesce(extract(epoch from clock_timestamp() - (select min(queued_at) from ai_jobs where status = 'queued')), 0)::float
           as jobs_oldest_queued_seconds,
         coalesce(sum(active_jobs), 0)::float as jobs_active,
         coalesce(sum(waiting_jobs), 0)::float as jobs_waiting,
         (select coalesce(sum(cost_at_risk_usd), 0)::float from provider_attempts
          where status = 'abandoned' and ended_at > now() - interval '24 hours') as provider_cost_at_risk_usd
       from credit_balances`,
    );
    return rows[0] ?? {};
  },
};
