import { type PollResult, type Provider, ProviderUnreachable } from '../providers/provider.ts';
import type { AdvanceDeps } from './advance-deps.ts';
import { liveRoute, type Route } from './route.ts';
import { backoffMs, type Step, type StepResult, waitFor } from './step.ts';
import { failedAtProvider, submitJob } from './submit-job.ts';

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
  const live = findLive(step);
  if (live === null) return submitJob(step, deps);
  if (live === 'unreachable') {
    return deps.ending.fail(step, 'provider_key_refused', { detail: 'the own key is gone or unreadable' });
  }
  return job.attempt_status === 'submitted' ? pollTask(step, live, deps) : reconcile(step, live, deps);
}

/** The attempt under way. */
interface Live {
  attemptId: string;
  createdAt: Date;
  ageSeconds: number;
  route: Route;
  provider: Provider;
}

function findLive({ job, connect }: Step): Live | 'unreachable' | null {
  const { attempt_id: attemptId, attempt_created_at: createdAt } = job;
  if (attemptId === null || createdAt === null) return null;
  const route = liveRoute(job);
  if (!route) throw new Error(`attempt ${attemptId} went a way that job ${job.id} does not have`);
  const provider = connect(route.provider);
  if (!provider) return 'unreachable';
  return { attemptId, createdAt, ageSeconds: job.attempt_age_seconds ?? 0, route, provider };
}

async function pollTask(step: Step, live: Live, deps: AdvanceDeps): Promise<StepResult> {
  const { job, signal, log } = step;
  const { provider, route, ageSeconds } = live;
  const taskId = job.provider_task_id;
  if (taskId === null) throw new Error(`attempt ${live.attemptId} is submitted without a task id`);
  let result: PollResult;
  try {
    result = await provider.poll(taskId, { model: route.model, requestId: job.request_id, signal });
  } catch (error) {
    if (!(error instanceof ProviderUnreachable)) throw error;
    log.warn({ err: error }, 'the provider cannot be asked at the moment');
    return waitFor(error.retryAfterMs ?? backoffMs(1, { firstMs: deps.pollIntervalMs, mostMs: 30_000 }));
  }
  switch (result.kind) {
    case 'running':
      return waitFor(pollAgainMs(ageSeconds, deps.pollIntervalMs, provider), result.progress);
    case 'done':
      return deps.ending.complete(step, live, result.output, { canFetchAgain: true });
    case 'failed':
      return failedAtProvider(step, live, result.failure, deps);
    case 'canceled':
      return deps.ending.fail(step, 'provider_failed', { detail: 'canceled at the provider', attemptStatus: 'failed' });
    case 'gone':
      return deps.ending.fail(step, 'output_unavailable', { detail: 'the provider does not know the task any more' });
  }
}

/** The longer it has taken, the less often one asks; and less where the provider calls back. */
function pollAgainMs(ageSeconds: number, pollIntervalMs: number, { callsBack }: Provider): number {
  const intervalMs = Math.min(15_000, pollIntervalMs * (1 + ageSeconds / 30)) * (callsBack ? 4 : 1);
  return intervalMs * (0.9 + Math.random() * 0.2);
}

/** Whether the provider has the task of a call whose answer never came. */
async function reconcile(step: Step, live: Live, deps: AdvanceDeps): Promise<StepResult> {
  const { job, signal, log } = step;
  const { attemptId, provider, route } = live;
  if (provider.findTasks === undefined) return endWithoutAnswer(step, live, deps);
  try {
    // A minute earlier than the intent, because the provider's clock is not ours.
    const submittedAfter = new Date(live.createdAt.getTime() - 60_000);
    const { model, input } = route;
    const found = await provider.findTasks({ model, input, submittedAfter, requestId: job.request_id, signal });
    for (const taskId of found) {
      if (await adopt(attemptId, taskId, deps)) {
        log.info({ attempt_id: attemptId, task_id: taskId }, 'found the task of a call whose answer was lost');
        return waitFor(0, 5);
      }
    }
    if (live.ageSeconds > deps.reconcileSeconds) {
      return deps.ending.fail(step, 'outcome_unknown', { detail: 'the provider lists no such task' });
    }
  } catch (error) {
    if (!(error instanceof ProviderUnreachable)) throw error;
    log.warn({ err: error }, 'the provider cannot be asked at the moment');
  }
  if (job.attempt_status === 'intent') {
    await deps.store.recordAttempt({ attemptId, status: 'unknown', costAtRiskUsd: route.costUsd });
  }
  return waitFor(backoffMs(1, { firstMs: deps.pollIntervalMs, mostMs: 15_000 }));
}

/** Nobody can be asked. Text that its listeners have read already is a result; anything else ends in their favour. */
async function endWithoutAnswer(step: Step, live: Live, deps: AdvanceDeps): Promise<StepResult> {
  const content = step.job.type === 'text' ? await deps.deliveredText(step.job) : '';
  if (content !== '') {
    const text = { content, finishReason: 'interrupted' as const, usage: null };
    return deps.ending.complete(step, live, { files: [], text });
  }
  return deps.ending.fail(step, 'outcome_unknown', { detail: 'interrupted around the paid call' });
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
