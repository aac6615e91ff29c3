import type { BegunJob } from '@base/shared/db/queries/job-lifecycle';
import type { TextWriter } from '@base/shared/queue/text-stream';
import type { JobEnding } from './end-job.ts';
import type { JobStore } from './job-store.ts';
import type { ProviderHealth } from './provider-health.ts';

/** What the steps of a job need beside the job. */
export interface AdvanceDeps {
  store: JobStore;
  ending: JobEnding;
  health: ProviderHealth;
  /** Opens the stream that carries the text of a text job to its listeners. */
  openText(job: BegunJob): TextWriter;
  /** What listeners were given of the text of a job whose worker died; '' when nothing, or not all of it, is known. */
  deliveredText(job: BegunJob): Promise<string>;
  /** Writes down that the provider refuses the organization's own key. */
  refuseOwnKey(job: BegunJob): Promise<void>;
  attemptsMax: number;
  pollIntervalMs: number;
  reconcileSeconds: number;
}
