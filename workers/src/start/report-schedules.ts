import { Gauge } from 'prom-client';
import type { WorkerDeps } from './deps.ts';

const everyMs = 15_000;

const help: Readonly<Record<string, string>> = {
  ledger_violations: 'Rows of verify_ledger() at its last run; anything but 0 is an alarm.',
  jobs_oldest_queued_seconds: 'How long the oldest queued job has waited for a worker.',
  jobs_active: 'Jobs queued or processing.',
  jobs_waiting: 'Jobs that wait for their organization’s turn.',
  payment_events_parked: 'Events of payment gateways that a person has to look at; anything but 0 is an alarm.',
  payment_events_oldest_seconds: 'How long the oldest event of a payment gateway has waited to be carried out.',
  payment_events_recovered:
    'Events that the last reconciliation found at the gateways and not here: webhooks get lost.',
  checkouts_overdue: 'Orders past their end that the last reconciliation looked up.',
  payment_webhooks_silent:
    'Webhooks that a gateway has stopped, seen by the last reconciliation; anything but 0 is an alarm.',
  subscriptions_differing: 'Subscriptions that the last comparison with the gateways had to correct.',
  emails_due: 'E-mails that wait to be sent now; without SMTP_URL they only grow.',
  emails_oldest_seconds: 'How long the oldest of them has waited since it was due.',
  emails_failed: 'E-mails given up in the last 24 hours: refused, or tried too often.',
  provider_cost_at_risk_usd: 'What may have been paid in the last 24 hours for calls that gave no result.',
};

/**
 * Shows in this process's metrics when each schedule last succeeded and what it found, whichever worker ran it.
 * @returns a function that stops it.
 */
export function reportSchedules({ pool, metrics, log }: WorkerDeps): () => void {
  const registers = [metrics.registry];
  const age = new Gauge({
    name: 'schedule_age_seconds',
    help: 'Time since a schedule of the fleet last succeeded.',
    labelNames: ['schedule'],
    registers,
  });
  const figures = new Map(
    Object.keys(help).map((name) => [name, new Gauge({ name, help: help[name] ?? name, registers })]),
  );
  const report = async (): Promise<void> => {
    try {
      const { rows } = await pool.query<{ name: string; seconds: number | null; figures: Record<string, number> }>(
        'select name, extract(epoch from clock_timestamp() - last_succeeded_at)::float as seconds, figures from schedules',
      );
      for (const row of rows) {
        if (row.seconds !== null) age.set({ schedule: row.name }, row.seconds);
        for (const [name, value] of Object.entries(row.figures)) figures.get(name)?.set(value);
      }
    } catch (err) {
      log.debug({ err }, 'the schedules could not be read');
    }
  };
  void report();
  const timer = setInterval(report, everyMs);
  return () => clearInterval(timer);
}
