import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import { jobErrorTable } from '@base/shared/errors/job-error-table';
import { v7 as uuidV7 } from 'uuid';
import { type PollResult, type ProviderFailure, ProviderUnreachable } from '../providers/provider.ts';
import type { JobEnding } from './end-job.ts';
import type { JobStore } from './job-store.ts';
import { backoffMs, over, type Step, type StepResult, waitFor } from './step.ts';

export interface AdvanceDeps {
  store: JobStore;
  ending: JobEnding;
  attemptsMax: number;
  pollIntervalMs: number;
  reconcileSeconds: number;
}

/** Paid calls that a job may make, when the provider refuses them for passing reasons. */
const paidCallsMax = 6;

/**
 * Takes a job one step further. Where it stands is told by its live attempt, so a step that a crash cut short is simply
 * found again:
 *
 *   no attempt            → open one, then send the paid call: accepted | done | rejected | unknown
 *   intent (crash around the call) and unknown
 *                         → ask the provider whether it has the task; it is never sent again on a guess
 *   submitted             → poll
 */
export async function advanceJob(step: Step, deps: AdvanceDeps): Promise<StepResult> {
  const { job } = step;
  if (job.deadline_in_seconds <= 0) {
    return deps.ending.fail(step, job.attempt_status === 'unknown' ? 'outcome_unknown' : 'deadline_exceeded');
  }
  if (job.attempts > deps.attemptsMax) return deps.ending.fail(step, 'attempts_exhausted');
  switch (job.attempt_status) {
    case 'submitted':
      return pollTask(step, deps);
    case 'intent':
    case 'unknown':
      return reconcile(step, deps);
    default:
      return submit(step, deps);
  }
}

async function submit(step: Step, deps: AdvanceDeps): Promise<StepResult> {
  const { job, provider, signal, log } = step;
  const attemptId = uuidV7();
  if (!(await deps.store.openAttempt({ id: job.id, leaseToken: job.lease_token, attemptId }))) return over;
  const result = await provider.submit({ model: job.model, input: job.input, requestId: job.request_id, signal });
  log.info({ attempt_id: attemptId, result: result.kind }, 'submitted');
  switch (result.kind) {
    case 'accepted': {
      const status = await deps.store.recordAttempt({ attemptId, status: 'submitted', taskId: result.taskId });
      // Canceled meanwhile: the task id is on record, and the upkeep tells the provider to stop.
      return status === 'submitted' ? waitFor(deps.pollIntervalMs, 5) : over;
    }
    case 'done':
      return deps.ending.complete(step, result.output);
    case 'rejected':
      return rejected(step, attemptId, result.failure, deps);
    case 'unknown': {
      const isLost = provider.findTasks === undefined;
      log.warn({ attempt_id: attemptId, detail: result.detail }, 'nobody knows whether the paid call was accepted');
      // Nobody to ask: waiting would not tell more. The customer gets the credits back, the cost is on record as at risk.
      if (isLost) return deps.ending.fail(step, 'outcome_unknown', { detail: result.detail });
      await deps.store.recordAttempt({
        attemptId,
        status: 'unknown',
        costAtRiskUsd: job.quoted_cost_usd,
        errorCode: 'outcome_unknown',
        errorDetail: result.detail,
      });
      return waitFor(backoffMs(0, { firstMs: deps.pollIntervalMs, mostMs: 30_000 }));
    }
  }
}

/** Nothing was bought. For passing reasons the call may be made again, as an attempt of its own. */
async function rejected(
  step: Step,
  attemptId: string,
  failure: ProviderFailure,
  deps: AdvanceDeps,
): Promise<StepResult> {
  const tries = step.job.attempts_opened;
  const waitMs = failure.retryAfterMs ?? backoffMs(tries, { firstMs: 500, mostMs: 60_000 });
  const mayRetry =
    jobErrorTable[failure.code].retryable && tries + 1 < paidCallsMax && waitMs / 1000 < step.job.deadline_in_seconds;
  step.log.warn(
    { attempt_id: attemptId, code: failure.code, detail: failure.detail, mayRetry },
    'the provider refused',
  );
  if (!mayRetry) {
    return deps.ending.fail(step, failure.code, { detail: failure.detail, attemptStatus: 'failed' });
  }
  await deps.store.recordAttempt({
    attemptId,
    status: 'failed',
    errorCode: failure.code,
    errorDetail: failure.detail,
  });
  return waitFor(waitMs);
}

async function pollTask(step: Step, deps: AdvanceDeps): Promise<StepResult> {
  const { job, provider, signal, log } = step;
  const taskId = job.provider_task_id;
  if (taskId === null) throw new Error(`attempt ${job.attempt_id} is submitted without a task id`);
  let result: PollResult;
  try {
    result = await provider.poll(taskId, { model: job.model, requestId: job.request_id, signal });
  } catch (error) {
    if (!(error instanceof ProviderUnreachable)) throw error;
    log.warn({ err: error }, 'the provider cannot be asked at the moment');
    return waitFor(error.retryAfterMs ?? backoffMs(1, { firstMs: deps.pollIntervalMs, mostMs: 30_000 }));
  }
  switch (result.kind) {
    case 'running':
      return waitFor(pollAgainMs(job.attempt_age_seconds ?? 0, deps.pollIntervalMs), result.progress);
    case 'done':
      return deps.ending.complete(step, result.output, { canFetchAgain: true });
    case 'failed':
      return deps.ending.fail(step, result.failure.code, { detail: result.failure.detail, attemptStatus: 'failed' });
    case 'canceled':
      return deps.ending.fail(step, 'provider_failed', { detail: 'canceled at the provider', attemptStatus: 'failed' });
    case 'gone':
      return deps.ending.fail(step, 'output_unavailable', { detail: 'the provider does not know the task any more' });
  }
}

/** The longer it has taken, the less often one asks. */
function pollAgainMs(ageSeconds: number, pollIntervalMs: number): number {
  return Math.min(15_000, pollIntervalMs * (1 + ageSeconds / 30)) * (0.9 + Math.random() * 0.2);
}

/** Whether the provider has the task of a call whose answer never came. */
async function reconcile(step: Step, deps: AdvanceDeps): Promise<StepResult> {
  const { job, provider, signal, log } = step;
  const { attempt_id: attemptId, attempt_created_at: createdAt } = job;
  if (attemptId === null || createdAt === null) throw new Error(`job ${job.id} has nothing to reconcile`);
  const unknown: JobErrorCode = 'outcome_unknown';
  if (provider.findTasks === undefined) {
    return deps.ending.fail(step, unknown, { detail: 'interrupted around the paid call' });
  }
  try {
    // A minute earlier than the intent, because the provider's clock is not ours.
    const submittedAfter = new Date(createdAt.getTime() - 60_000);
    const found = await provider.findTasks({
      model: job.model,
      input: job.input,
      submittedAfter,
      requestId: job.request_id,
      signal,
    });
    for (const taskId of found) {
      if (await adopt(attemptId, taskId, deps)) {
        log.info({ attempt_id: attemptId, task_id: taskId }, 'found the task of a call whose answer was lost');
        return waitFor(0, 5);
      }
    }
    if ((job.attempt_age_seconds ?? 0) > deps.reconcileSeconds) {
      return deps.ending.fail(step, unknown, { detail: 'the provider lists no such task' });
    }
  } catch (error) {
    if (!(error instanceof ProviderUnreachable)) throw error;
    log.warn({ err: error }, 'the provider cannot be asked at the moment');
  }
  if (job.attempt_status === 'intent') {
    await deps.store.recordAttempt({ attemptId, status: 'unknown', costAtRiskUsd: job.quoted_cost_usd });
  }
  return waitFor(backoffMs(1, { firstMs: deps.pollIntervalMs, mostMs: 15_000 }));
}

/** False when another attempt has this task already: task ids are unique. */
async function adopt(attemptId: string, taskId: string, deps: AdvanceDeps): Promise<boolean> {
  try {
    return (await deps.store.recordAttempt({ attemptId, status: 'submitted', taskId })) === 'submitted';
  } catch (error) {
    if ((error as { code?: unknown }).code === '23505') return false; // a Postgres error carries its SQLSTATE here
    throw error;
  }
}
