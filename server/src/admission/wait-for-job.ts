import { isFinal } from '@base/shared/contracts/jobs';
import { textNotice } from '@base/shared/queue/text-stream';
import type { Deps } from '../deps.ts';
import type { Principal } from '../http/principal.ts';
import { findJob } from './find-job.ts';
import type { JobRow } from './job-row.ts';
import { readWaitSeconds } from './prefer-wait.ts';

/** Looked up this often without any notice, so that the answer is right even when Redis says nothing. */
const checkEveryMs = 2_000;

export interface WaitedJob {
  /** The job as it is now. */
  row: JobRow;
  /** 201 when the caller preferred to wait and the job has ended, however it ended; else 202. */
  status: 201 | 202;
  /** `Preference-Applied`, if so. */
  headers: Record<string, string>;
}

/**
 * Waits for the end of an admitted job as `Prefer: wait=n` asks (RFC 7240); at once without it, or when this process is
 * about to end. It ends early when the caller has left.
 */
export async function waitForJob(
  admitted: JobRow,
  prefer: string | undefined,
  context: { principal: Principal; deps: Deps; signal: AbortSignal },
): Promise<WaitedJob> {
  const seconds = readWaitSeconds(prefer);
  const { deps } = context;
  if (seconds === null || deps.draining.aborted) return { row: admitted, status: 202, headers: {} };
  const row = await followToEnd(admitted, seconds, context);
  const isCutShort = deps.draining.aborted && !isFinal(row.status);
  return {
    row,
    status: isFinal(row.status) ? 201 : 202,
    headers: isCutShort ? {} : { 'Preference-Applied': `wait=${seconds}` },
  };
}

/** Gives the job when it has ended, the time is over, or nobody waits any more. */
async function followToEnd(
  admitted: JobRow,
  seconds: number,
  { principal, deps, signal }: { principal: Principal; deps: Deps; signal: AbortSignal },
): Promise<JobRow> {
  const over = AbortSignal.any([signal, deps.draining]);
  const endMs = performance.now() + 1000 * seconds;
  // Listening comes first: an end between reading and listening would be missed.
  const changes = deps.notices.listen(
    principal.organizationId,
    (notice) => notice.job_id === admitted.id && notice.status !== textNotice,
  );
  try {
    let row = admitted;
    for (;;) {
      row = (await findJob(deps.db, principal.organizationId, row.id)) ?? row;
      const restMs = endMs - performance.now();
      if (isFinal(row.status) || restMs <= 0 || over.aborted) return row;
      await changes.next({ timeoutMs: Math.min(checkEveryMs, restMs), signal: over });
    }
  } finally {
    changes.stop();
  }
}
