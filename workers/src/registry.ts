import { endReplacedSubscriptions } from './billing/end-replaced-subscriptions.ts';
import { passTime } from './billing/pass-time.ts';
import { processPaymentEvents } from './billing/process-payment-events.ts';
import { compareSubscriptions, reconcilePayments } from './billing/reconcile-payments.ts';
import { runTopups } from './billing/run-topups.ts';
import { forgetEmails } from './email/forget-emails.ts';
import { mailFinishedJobs } from './email/mail-finished-jobs.ts';
import { measureEmails } from './email/measure-emails.ts';
import { eraseDeleted } from './jobs/accounts/erase-deleted.ts';
import { checkBudgets } from './jobs/budgets/check-budgets.ts';
import { validateProviderKeys } from './jobs/provider-keys/validate-provider-keys.ts';
import type { Schedule } from './jobs/schedule.ts';
import { auditLedger } from './jobs/upkeep/audit-ledger.ts';
import { cancelAbandonedTasks } from './jobs/upkeep/cancel-abandoned-tasks.ts';
import { expireOverdueJobs } from './jobs/upkeep/expire-overdue-jobs.ts';
import { forgetIdempotencyKeys } from './jobs/upkeep/forget-idempotency-keys.ts';
import { keepAuditMonths } from './jobs/upkeep/keep-audit-months.ts';
import { measureBacklog } from './jobs/upkeep/measure-backlog.ts';
import { relayStaleJobs } from './jobs/upkeep/relay-stale-jobs.ts';
import { refreshVoices } from './jobs/voices/refresh-voices.ts';
import { forgetDeliveries } from './webhooks/forget-deliveries.ts';

/** Every schedule of the system. Adding one is one file and one line here. */
export const schedules: readonly Schedule[] = [
  relayStaleJobs,
  expireOverdueJobs,
  cancelAbandonedTasks,
  measureBacklog,
  auditLedger,
  forgetIdempotencyKeys,
  validateProviderKeys,
  refreshVoices,
  eraseDeleted,
  keepAuditMonths,
  checkBudgets,
  processPaymentEvents,
  runTopups,
  passTime,
  endReplacedSubscriptions,
  reconcilePayments,
  compareSubscriptions,
  forgetDeliveries,
  mailFinishedJobs,
  measureEmails,
  forgetEmails,
];
