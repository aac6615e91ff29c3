import type { JobStatus, JobType, KeySource } from '@base/shared/db/database.types';

/** The columns that clients see; the same from a query and, as JSON, from the functions. */
export interface JobRow {
  id: string;
  status: JobStatus;
  type: JobType;
  provider: string;
  model: string;
  served_provider: string | null;
  served_model: string | null;
  key_source: KeySource;
  retry_of: string | null;
  input: unknown;
  output: unknown;
  error_code: string | null;
  credits_held: number;
  credits_charged: number;
  cost_usd: string | number | null;
  tokens_in: number | null;
  tokens_out: number | null;
  progress: number;
  attempts: number;
  project_id: string | null;
  metadata: unknown;
  created_at: Date | string;
  queued_at: Date | string | null;
  started_at: Date | string | null;
  completed_at: Date | string | null;
  deadline_at: Date | string;
  queue_position?: number | null;
}

export const jobColumns = [
  'id',
  'status',
  'type',
  'provider',
  'model',
  'served_provider',
  'served_model',
  'key_source',
  'retry_of',
  'input',
  'output',
  'error_code',
  'credits_held',
  'credits_charged',
  'cost_usd',
  'tokens_in',
  'tokens_out',
  'progress',
  'attempts',
  'project_id',
  'metadata',
  'created_at',
  'queued_at',
  'started_at',
  'completed_at',
  'deadline_at',
] as const satisfies readonly (keyof JobRow)[];
