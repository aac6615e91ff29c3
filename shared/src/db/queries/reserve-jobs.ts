import type { JobStatus } from '../../contracts/jobs.ts';
import type { JobType } from '../../contracts/models/model-contract.ts';
import type { Price } from '../../credits/quote.ts';
import type { KeySource } from '../database.types.ts';
import type { Queryable } from '../queryable.ts';

export interface Reservation {
  id: string;
  organizationId: string;
  userId: string;
  apiKeyId: string | null;
  projectId: string | null;
  type: JobType;
  provider: string;
  model: string;
  operation: string;
  input: Record<string, unknown>;
  metadata: Record<string, string>;
  credits: number;
  /** Held instead when the organization has its own key for the provider. */
  ownKeyCredits: number;
  costUsd: string;
  limitUnits: number;
  price: Price;
  /** Equal models within the quote, in the order in which they are to be tried. */
  fallbacks: Fallback[];
  /** The job that this one tries again. */
  retryOf: string | null;
  idempotencyKey: string | null;
  /** Goes with the idempotency key. */
  requestHash: string | null;
  requestId: string;
  deadlineSeconds: number;
  /** Whom to tell of its end. */
  webhookUrl?: string | null;
}

/** Another model that may make what was ordered; kept with the job as it was quoted at admission. */
export interface Fallback {
  provider: string;
  model: string;
  operation: string;
  input: Record<string, unknown>;
  credits: number;
  cost_usd: string;
  price: Price;
}

export type ReservationCode =
  | 'admitted'
  | 'replayed'
  | 'idempotency_key_reused'
  | 'organization_inactive'
  | 'project_not_found'
  | 'feature_not_in_plan'
  | 'plan_limit_reached'
  | 'queue_full'
  | 'key_budget_reached'
  | 'credits_owed'
  | 'insufficient_credits'
  | 'credits_on_hold'
  | 'provider_key_invalid';

export interface ReservationResult {
  code: ReservationCode;
  status: JobStatus | null;
  /** Place in the organization's line when it has to wait. */
  queue_position: number | null;
  at: Date;
  key_source: KeySource;
  /** What was held. */
  credits: number;
  /** For the queue. */
  priority: number;
  /** The earlier job's row, as JSON, when replayed. */
  job: Record<string, unknown> | null;
  figures: Record<string, unknown> | null;
}

export async function reserveJobs(db: Queryable, items: Reservation[]): Promise<ReservationResult[]> {
  const { rows } = await db.query<ReservationResult>(
    `select code, status, queue_position, at, key_source, credits, priority, job, figures from public.reserve_jobs($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[],
      $6::public.job_type[], $7::text[], $8::text[], $9::text[], $10::jsonb[], $11::jsonb[], $12::bigint[], $13::bigint[], $14::numeric[], $15::integer[],
      $16::jsonb[], $17::jsonb[], $18::uuid[], $19::text[], $20::text[], $21::text[], $22::integer[], $23::text[]) order by ordinal`,
    [
      items.map((item) => item.id),
      items.map((item) => item.organizationId),
      items.map((item) => item.userId),
      items.map((item) => item.apiKeyId),
      items.map((item) => item.projectId),
      items.map((item) => item.type),
      items.map((item) => item.provider),
      items.map((item) => item.model),
      items.map((item) => item.operation),
      items.map((item) => JSON.stringify(item.input)),
      items.map((item) => JSON.stringify(item.metadata)),
      items.map((item) => item.credits),
      items.map((item) => item.ownKeyCredits),
      items.map((item) => item.costUsd),
      items.map((item) => item.limitUnits),
      items.map((item) => JSON.stringify(item.price)),
      items.map((item) => JSON.stringify(item.fallbacks)),
      items.map((item) => item.retryOf),
      items.map((item) => item.idempotencyKey),
      items.map((item) => item.requestHash),
      items.map((item) => item.requestId),
      items.map((item) => item.deadlineSeconds),
      items.map((item) => item.webhookUrl ?? null),
    ],
  );
  return rows;
}
