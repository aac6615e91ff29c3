import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import { v7 as uuidV7 } from 'uuid';
import type { Provider, ProviderFailure, SubmitResult } from '../providers/provider.ts';
import type { AdvanceDeps } from './advance-deps.ts';
import { CancelRequested } from './lease-keeper.ts';
import { scopeOf } from './provider-health.ts';
import { isPassing, openRoutes, type Route, routesOf } from './route.ts';
import { backoffMs, over, type Step, type StepResult, waitFor } from './step.ts';

/** Before its deadline a text is stopped by this much. */
const settlingSeconds = 15;

/** Sends the one paid call of an attempt, by the best way that is open. Without a committed intent nothing is sent. */
export async function submitJob(step: Step, deps: AdvanceDeps): Promise<StepResult> {
  const { job } = step;
  const choice = await chooseRoute(step, deps);
  if (choice.route === null) return choice.result;
  const { route } = choice;
  const provider = step.connect(route.provider);
  if (!provider) return deps.ending.fail(step, 'provider_key_refused', { detail: 'the own key is gone or unreadable' });

  const attemptId = uuidV7();
  const opening = { id: job.id, leaseToken: job.lease_token, attemptId, provider: route.provider, model: route.model };
  if (!(await deps.store.openAttempt(opening))) return over;
  const writer = job.type === 'text' ? deps.openText(job) : null;
  const result = await provider.submit({
    model: route.model,
    input: route.input,
    requestId: job.request_id,
    secondsLeft: job.deadline_in_seconds,
    signal: writer ? untilDeadline(step) : step.signal,
    ...(writer && { onText: (delta: string) => writer.write(delta) }),
  });
  await writer?.end();
  deps.health.report(healthScope(step, route), failureOf(result));
  step.log.info(
    { attempt_id: attemptId, result: result.kind, served_by: `${route.provider}/${route.model}` },
    'submitted',
  );
  return judge(step, { attemptId, route, provider, result }, deps);
}

/** The first open way whose provider is not held back; when all are, the shortest wait. */
async function chooseRoute(
  step: Step,
  { health, ending }: AdvanceDeps,
): Promise<{ route: Route } | { route: null; result: StepResult }> {
  const { job } = step;
  const routes = openRoutes(job);
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const route of routes) {
    const waitMs = await health.waitMs(healthScope(step, route));
    if (waitMs === 0) return { route };
    shortestMs = Math.min(shortestMs, waitMs);
  }
  const last = job.attempts_made.at(-1)?.error_code;
  // Every way has been tried in vain: what the last one said is the job's error.
  if (routes.length === 0) return { route: null, result: await ending.fail(step, toErrorCode(last)) };
  if (shortestMs / 1000 >= job.deadline_in_seconds) {
    return {
      route: null,
      result: await ending.fail(step, 'provider_unavailable', { detail: 'held back until the end' }),
    };
  }
  return { route: null, result: waitFor(shortestMs * (1 + Math.random() * 0.2)) };
}

interface Submitted {
  attemptId: string;
  route: Route;
  provider: Provider;
  result: SubmitResult;
}

/** A text is cut off in time to be settled on what was written. */
function untilDeadline({ job, signal }: Step): AbortSignal {
  const seconds = Math.max(1, job.deadline_in_seconds - settlingSeconds);
  return AbortSignal.any([signal, AbortSignal.timeout(Math.round(seconds * 1000))]);
}

async function judge(step: Step, submitted: Submitted, deps: AdvanceDeps): Promise<StepResult> {
  const { attemptId, provider, result } = submitted;
  // Canceled before anything was written.
  if (step.signal.reason instanceof CancelRequested && result.kind !== 'done') return deps.ending.cancel(step);
  switch (result.kind) {
    case 'accepted': {
      const status = await deps.store.recordAttempt({ attemptId, status: 'submitted', taskId: result.taskId });
      // Canceled meanwhile: the task id is on record, and the upkeep tells the provider to stop.
      return status === 'submitted' ? waitFor(deps.pollIntervalMs * (provider.callsBack ? 4 : 1), 5) : over;
    }
    case 'done':
      return deps.ending.complete(step, submitted, result.output);
    case 'rejected':
      return rejected(step, submitted, result.failure, deps);
    case 'unknown': {
      step.log.warn(
        { attempt_id: attemptId, detail: result.detail },
        'nobody knows whether the paid call was accepted',
      );
      // Nobody to ask: waiting would not tell more. The customer gets the credits back, the cost is on record as at risk.
      if (!provider.findTasks) return deps.ending.fail(step, 'outcome_unknown', { detail: result.detail });
      await deps.store.recordAttempt({
        attemptId,
        status: 'unknown',
        costAtRiskUsd: submitted.route.costUsd,
        errorCode: 'outcome_unknown',
        errorDetail: result.detail,
      });
      return waitFor(backoffMs(0, { firstMs: deps.pollIntervalMs, mostMs: 30_000 }));
    }
  }
}

/** Nothing was bought. For passing reasons, or by another way, there may be another call, as an attempt of its own. */
async function rejected(
  step: Step,
  { attemptId, route }: Submitted,
  failure: ProviderFailure,
  deps: AdvanceDeps,
): Promise<StepResult> {
  const { job, log } = step;
  const code = errorFor(step, failure.code);
  if (code === 'provider_key_refused') await deps.refuseOwnKey(job);
  const made = [
    ...job.attempts_made,
    { provider: route.provider, model: route.model, status: 'failed', error_code: code },
  ];
  const next = mayGoOn(code) ? openRoutes({ ...job, attempts_made: made as typeof job.attempts_made })[0] : undefined; // a literal status
  const isSameWay = next?.provider === route.provider && next.model === route.model;
  const waitMs = isSameWay ? (failure.retryAfterMs ?? backoffMs(made.length, { firstMs: 500, mostMs: 60_000 })) : 0;
  const isInTime = waitMs / 1000 < job.deadline_in_seconds;
  log.warn(
    { attempt_id: attemptId, code, detail: failure.detail, again: next !== undefined && isInTime },
    'the provider refused',
  );
  if (!next || !isInTime) return deps.ending.fail(step, code, { detail: failure.detail, attemptStatus: 'failed' });
  await deps.store.recordAttempt({ attemptId, status: 'failed', errorCode: code, errorDetail: failure.detail });
  return waitFor(waitMs);
}

/** What was accepted and then failed at the provider: another way may still make it. */
export async function failedAtProvider(
  step: Step,
  { attemptId, route }: { attemptId: string; route: Route },
  failure: ProviderFailure,
  deps: AdvanceDeps,
): Promise<StepResult> {
  const { job } = step;
  // A provider that gives an unusable result and calls it a success charges for it.
  const isPaid = failure.code === 'output_invalid';
  const hasOtherWay = routesOf(job).length > 1 && mayGoOn(failure.code);
  const made = [
    ...job.attempts_made,
    {
      provider: job.attempt_provider ?? '',
      model: job.attempt_model ?? '',
      status: 'failed' as const,
      error_code: failure.code,
    },
  ];
  if (!hasOtherWay || openRoutes({ ...job, attempts_made: made }).length === 0) {
    const attemptStatus = isPaid ? 'abandoned' : 'failed';
    return deps.ending.fail(step, failure.code, { detail: failure.detail, attemptStatus });
  }
  step.log.warn(
    { attempt_id: attemptId, code: failure.code, detail: failure.detail },
    'failed at the provider; trying another',
  );
  await deps.store.recordAttempt({
    attemptId,
    status: 'failed',
    ...(isPaid && { costAtRiskUsd: route.costUsd }),
    errorCode: failure.code,
    errorDetail: failure.detail,
  });
  return waitFor(0);
}

/** Refused content and invalid input are the customer's to change: nobody else is asked. */
function mayGoOn(code: JobErrorCode): boolean {
  return isPassing(code) || !['content_refused', 'invalid_input', 'provider_key_refused'].includes(code);
}

/** A refused key is the platform's trouble, or the organization's own. */
function errorFor({ job }: Step, code: JobErrorCode): JobErrorCode {
  return code === 'provider_auth' && job.key_source === 'organization' ? 'provider_key_refused' : code;
}

function failureOf(result: SubmitResult): ProviderFailure | null {
  if (result.kind === 'rejected') return result.failure;
  return result.kind === 'unknown' ? { code: 'outcome_unknown', detail: result.detail } : null;
}

function healthScope({ job }: Step, route: Route): string {
  return scopeOf(route.provider, job.key_source === 'organization' ? job.organization_id : null);
}

function toErrorCode(code: string | null | undefined): JobErrorCode {
  return (code ?? 'provider_unavailable') as JobErrorCode; // written by recordAttempt, from the same table
}
