import type { BegunJob } from '@base/shared/db/queries/job-lifecycle';
import type { Logger } from '@base/shared/log/logger';
import type { Notice } from '@base/shared/queue/notices';
import type { GenerationPayload } from '@base/shared/queue/queues';
import type { AdvanceDeps } from './advance-deps.ts';
import { advanceJob } from './advance-job.ts';
import { HandedBack, type LeaseKeeper } from './lease-keeper.ts';
import { over, type Step } from './step.ts';

export interface RunDeps extends AdvanceDeps {
  leases: LeaseKeeper;
  /** See own-keys.ts. */
  connect(provider: string, job: BegunJob, log: Logger): ReturnType<Step['connect']>;
  log: Logger;
  notify(notices: { organizationId: string; notice: Notice }[]): void;
}

/** What the queue is to do with its message: nothing more, or bring it back under this lease. */
export type RunResult = { kind: 'over' } | { kind: 'again'; ms: number; leaseToken: string };

/**
 * One message of a generation queue: takes the job, goes one step, and gives the slot back. Doing this twice, on two
 * workers, at the same time, changes nothing: only the holder of the present lease can write.
 */
export async function runGeneration(payload: GenerationPayload, deps: RunDeps): Promise<RunResult> {
  const job = await deps.store.begin({ id: payload.id, leaseToken: payload.lease ?? null });
  if (!job) return over;
  const lease = { id: job.id, leaseToken: job.lease_token };
  const log = deps.log.child({
    job_id: job.id,
    organization_id: job.organization_id,
    request_id: job.request_id,
    model: `${job.provider}/${job.model}`,
  });
  if (!job.is_resumed) tell(deps, job, 'processing', job.progress);
  const signal = deps.leases.keep(lease);
  try {
    const result = await advanceJob({ job, connect: (id) => deps.connect(id, job, log), signal, log }, deps);
    if (result.kind === 'over') return over;
    const isOurs = await deps.store.park({ ...lease, resumeSeconds: result.ms / 1000, progress: result.progress });
    if (!isOurs) return over;
    if (result.progress !== null && result.progress > job.progress) tell(deps, job, 'processing', result.progress);
    return { kind: 'again', ms: result.ms, leaseToken: job.lease_token };
  } catch (err) {
    if (signal.reason instanceof HandedBack) return handBack(lease, deps);
    // The lease runs out and the relay brings the job back; attempts are counted in the row.
    log.error({ err }, 'a step of the job failed');
    return over;
  } finally {
    deps.leases.drop(lease);
  }
}

/** This process is about to end: whoever is free goes on at once. */
async function handBack(lease: { id: string; leaseToken: string }, deps: RunDeps): Promise<RunResult> {
  const isOurs = await deps.store.park({ ...lease, resumeSeconds: 0, progress: null });
  return isOurs ? { kind: 'again', ms: 0, leaseToken: lease.leaseToken } : over;
}

function tell(deps: RunDeps, job: BegunJob, status: string, progress: number): void {
  deps.notify([{ organizationId: job.organization_id, notice: { job_id: job.id, status, progress } }]);
}
