import { setTimeout as pause } from 'node:timers/promises';
import type { GenerationRow, LifecycleRow } from '@base/shared/db/queries/job-lifecycle';
import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import type { Metrics } from '@base/shared/metrics/metrics';
import type { JobEnqueuer } from '@base/shared/queue/job-enqueuer';
import type { Notice } from '@base/shared/queue/notices';
import { v7 as uuidV7 } from 'uuid';
import { OutputError } from '../outputs/output-error.ts';
import type { OutputStore } from '../outputs/store-output.ts';
import type { Provider, ProviderOutput, TextOutput } from '../providers/provider.ts';
import type { Ended, JobStore } from './job-store.ts';
import { CancelRequested } from './lease-keeper.ts';
import { type Charge, chargeForFiles, chargeForText, tokensOf } from './measure-result.ts';
import type { Route } from './route.ts';
import { backoffMs, over, type Step, type StepResult, waitFor } from './step.ts';

export interface JobEnding {
  /** Stores the output and settles. Charged is what was made and stored, never more than what was held. */
  complete(
    step: Step,
    served: { route: Route; provider: Provider },
    output: ProviderOutput,
    options?: { canFetchAgain: boolean },
  ): Promise<StepResult>;
  /** Ends the job without a result; the whole hold goes back. */
  fail(step: Step, code: JobErrorCode, options?: FailOptions): Promise<StepResult>;
  /** Ends a job that its customer has canceled, before anything came of it; the whole hold goes back. */
  cancel(step: Step): Promise<StepResult>;
  /** What every end is followed by: the jobs let in are enqueued, and listeners told. */
  announce(rows: readonly LifecycleRow[]): void;
}

interface FailOptions {
  /** The provider's words, for operators. */
  detail?: string;
  /** `failed` when nothing was bought; else the attempt is abandoned, with its cost at risk. */
  attemptStatus?: 'failed' | 'abandoned';
}

export interface JobEndingDeps {
  store: JobStore;
  outputs: OutputStore;
  enqueuer: JobEnqueuer;
  metrics: Metrics;
  notify(notices: { organizationId: string; notice: Notice }[]): void;
}

/** Pauses between tries to store what cannot be fetched again; half a minute together. */
const storageWaitsMs = [1_000, 2_000, 4_000, 8_000, 15_000];

export function createJobEnding(deps: JobEndingDeps): JobEnding {
  const ending: JobEnding = {
    async complete(step, { route, provider }, output, options = { canFetchAgain: false }) {
      const { job } = step;
      if (job.type === 'text') return completeText(step, route, output);
      // A provider that sends more than was ordered is not paid for it by the customer.
      const files = output.files.slice(0, job.type === 'image' ? job.limit_units : 1);
      if (files.length === 0) return ending.fail(step, 'output_invalid', { detail: 'the provider returned no output' });
      let stored: GenerationRow[];
      try {
        stored = await storeFiles(step, provider, files, options.canFetchAgain ? 0 : storageWaitsMs.length);
      } catch (error) {
        if (!(error instanceof OutputError)) throw error;
        // The result is still at the provider: nothing is charged before it is stored, and nothing is bought again.
        if (error.code === 'storage_unavailable' && options.canFetchAgain && job.deadline_in_seconds > 60) {
          step.log.warn({ err: error }, 'the output could not be stored yet');
          return waitFor(backoffMs(job.attempts, { firstMs: 2_000, mostMs: 30_000 }), 95);
        }
        return ending.fail(step, error.code, { detail: error.message });
      }
      return settle(step, chargeForFiles(job, route, stored), output.costUsd, {
        output: stored.map(presentFile),
        generations: stored,
        tokens: null,
      });
    },

    async fail(step, code, options = {}) {
      const { job } = step;
      const ended = await deps.store.release({
        id: job.id,
        leaseToken: job.lease_token,
        status: 'failed',
        errorCode: code,
        ...(options.detail === undefined ? {} : { errorDetail: options.detail }),
        ...(options.attemptStatus === undefined ? {} : { attemptStatus: options.attemptStatus }),
      });
      finish(step, ended, 'failed');
      step.log.warn({ code, detail: options.detail, ours: ended.isDone }, 'job failed');
      return over;
    },

    async cancel(step) {
      const { job } = step;
      const ended = await deps.store.release({ id: job.id, leaseToken: job.lease_token, status: 'canceled' });
      finish(step, ended, 'canceled');
      return over;
    },

    announce(rows) {
      const promoted = rows.filter((row) => row.kind === 'promoted');
      void deps.enqueuer.enqueue(promoted.map(({ job_id: id, ...row }) => ({ ...row, id })));
      deps.notify(
        rows.map((row) => ({
          organizationId: row.organization_id,
          notice: { job_id: row.job_id, status: row.kind === 'promoted' ? 'queued' : 'ended' },
        })),
      );
    },
  };

  async function completeText(step: Step, route: Route, { text, costUsd }: ProviderOutput): Promise<StepResult> {
    if (!text?.content) return ending.fail(step, 'output_invalid', { detail: 'the provider returned no text' });
    const tokens = tokensOf(route, text);
    return settle(step, chargeForText(step.job, route, tokens), costUsd, {
      output: presentText(text, step.signal.reason instanceof CancelRequested),
      generations: [],
      tokens,
    });
  }

  /** What came in the answer exists nowhere else, so the storage is waited for with the files in hand. */
  async function storeFiles(
    step: Step,
    provider: Provider,
    files: ProviderOutput['files'],
    waits: number,
  ): Promise<GenerationRow[]> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await Promise.all(files.map((file, index) => storeFile(step, provider, file, index)));
      } catch (error) {
        const isWorthIt = error instanceof OutputError && error.code === 'storage_unavailable' && tries < waits;
        if (!isWorthIt || step.signal.aborted) throw error;
        step.log.warn({ err: error }, 'the output could not be stored yet');
        await pause(storageWaitsMs[tries], undefined, { signal: step.signal });
      }
    }
  }

  async function storeFile(
    { job, signal }: Step,
    provider: Provider,
    file: ProviderOutput['files'][number],
    index: number,
  ): Promise<GenerationRow> {
    const path = `${job.organization_id}/${job.id}/${index}`;
    if (job.type === 'text') throw new Error('a text is no file');
    const stored = await deps.outputs.store({ type: job.type, file, provider, path, signal });
    return {
      id: uuidV7(),
      storage_path: stored.path,
      thumbnail_path: stored.thumbnailPath,
      content_type: stored.contentType,
      width: stored.width,
      height: stored.height,
      duration_seconds: stored.durationSeconds,
      bytes: stored.bytes,
    };
  }

  interface Result {
    output: unknown;
    generations: GenerationRow[];
    tokens: { input: number; output: number } | null;
  }

  async function settle(step: Step, charge: Charge, costUsd: string | undefined, result: Result): Promise<StepResult> {
    const { job } = step;
    const ended = await deps.store.settle({
      id: job.id,
      leaseToken: job.lease_token,
      credits: charge.credits,
      costUsd: costUsd ?? charge.costUsd,
      limitUnits: charge.limitUnits,
      tokensIn: result.tokens?.input ?? null,
      tokensOut: result.tokens?.output ?? null,
      output: result.output,
      generations: result.generations,
    });
    finish(step, ended, 'completed');
    step.log.info({ ours: ended.isDone, outputs: result.generations.length, tokens: result.tokens }, 'job completed');
    return over;
  }

  function finish({ job }: Step, ended: Ended, status: 'completed' | 'failed' | 'canceled'): void {
    ending.announce(ended.promoted);
    if (!ended.isDone) return;
    deps.metrics.jobOutcomes.inc({ status, type: job.type, provider: job.provider });
    deps.notify([{ organizationId: job.organization_id, notice: { job_id: job.id, status } }]);
  }

  return ending;
}

/** What the job shows of a file, in `ai_jobs.output`. */
function presentFile(row: GenerationRow) {
  return {
    generation_id: row.id,
    content_type: row.content_type,
    has_thumbnail: row.thumbnail_path !== null,
    width: row.width,
    height: row.height,
    duration_seconds: row.duration_seconds,
    bytes: row.bytes,
  };
}

function presentText({ content, finishReason }: TextOutput, isCanceled: boolean) {
  // Postgres takes neither halves of characters nor zero bytes.
  return {
    text: content.toWellFormed().replaceAll('\0', ''),
    finish_reason: isCanceled && finishReason === 'interrupted' ? 'canceled' : finishReason,
  };
}
