import type { Reservation, ReservationResult } from '@base/shared/db/queries/reserve-jobs';
import { v7 as uuidV7 } from 'uuid';
import type { Deps } from '../deps.ts';
import { hashRequest } from '../http/idempotency-key.ts';
import type { Principal } from '../http/principal.ts';
import { deadlineSeconds } from './deadlines.ts';
import { findFallbacks } from './find-fallbacks.ts';
import { type JobRow, jobColumns } from './job-row.ts';
import { limitUnits } from './limit-units.ts';
import { type PricedRequest, priceRequest } from './price-request.ts';
import { refuseReservation } from './refuse-reservation.ts';

export interface JobRequest {
  /** `provider/name` or an alias. */
  model: string;
  input: Record<string, unknown>;
  project_id?: string | undefined;
  metadata?: Record<string, string> | undefined;
  /** Whom to tell of its end; has been checked. */
  webhook_url?: string | undefined;
  /** Whether an equal model within the quote may take over. */
  fallback?: boolean | undefined;
}

export interface AdmissionContext {
  principal: Principal;
  idempotencyKey: string | null;
  requestId: string;
  deps: Deps;
  /** The job that this one tries again. */
  retryOf?: string;
  /** What the idempotency key stands for, where that is not the request itself: `hashRequest` of the call's own body. */
  requestHash?: string;
}

export interface AdmittedJob {
  row: JobRow;
  /** The idempotency key and request came before: it is the job of then, nothing was held again. */
  isReplayed: boolean;
}

/**
 * Prices a request, holds its credits and admits the job, all or nothing. With an idempotency key it may be repeated at any
 * time: the job of the first time comes back, even if its model has been retired or the plan changed meanwhile.
 * @throws ApiError model_not_found, model_retired, invalid_request, plan_limit_reached, price_not_found,
 * idempotency_key_reused, organization_inactive, feature_not_in_plan, provider_key_invalid, queue_full,
 * credits_owed, insufficient_credits, credits_on_hold
 */
export async function admitJob(request: JobRequest, context: AdmissionContext): Promise<AdmittedJob> {
  const { principal, deps } = context;
  // The request as it was sent: a later change of defaults must not turn a repetition into a conflict.
  const requestHash = context.idempotencyKey === null ? null : (context.requestHash ?? hashRequest(request));
  let priced: PricedRequest;
  try {
    priced = priceRequest(request, principal, deps.catalog);
  } catch (refusal) {
    const earlier = requestHash === null ? undefined : await findReplayed(context, requestHash);
    if (earlier) return { row: earlier, isReplayed: true };
    throw refusal;
  }
  const reservation = makeReservation(request, context, priced, requestHash);
  const result = await deps.admission.reserve(reservation);
  if (result.code === 'replayed' && result.job) {
    return { row: result.job as unknown as JobRow, isReplayed: true }; // reserve_jobs gives the row of ai_jobs as JSON
  }
  if (result.code !== 'admitted') throw refuseReservation(result, principal);
  deps.metrics.jobsAdmitted.inc({ type: reservation.type, provider: reservation.provider });
  return { row: admittedRow(reservation, result), isReplayed: false };
}

/** The codes of `admitJob`, for the `errors` of the endpoints that admit jobs. */
export const admissionErrors = [
  'model_not_found',
  'model_retired',
  'price_not_found',
  'feature_not_in_plan',
  'plan_limit_reached',
  'provider_key_invalid',
  'credits_owed',
  'insufficient_credits',
  'credits_on_hold',
  'key_budget_reached',
  'queue_full',
  'organization_inactive',
  'idempotency_key_reused',
] as const;

function makeReservation(
  request: JobRequest,
  context: AdmissionContext,
  priced: PricedRequest,
  requestHash: string | null,
): Reservation {
  const { principal, deps } = context;
  const { contract, model, measure, quote } = priced;
  return {
    id: uuidV7(),
    organizationId: principal.organizationId,
    userId: principal.userId,
    apiKeyId: principal.apiKey?.id ?? null,
    projectId: request.project_id ?? null,
    type: contract.type,
    provider: model.provider,
    model: model.name,
    operation: contract.operation,
    input: priced.input,
    metadata: request.metadata ?? {},
    credits: quote.credits,
    ownKeyCredits: quote.ownKeyCredits,
    costUsd: quote.costUsd,
    limitUnits: limitUnits(contract.type, measure),
    price: priced.price,
    fallbacks: request.fallback === true ? findFallbacks(priced, principal, deps.catalog) : [],
    retryOf: context.retryOf ?? null,
    idempotencyKey: context.idempotencyKey,
    requestHash,
    requestId: context.requestId,
    deadlineSeconds: deadlineSeconds[contract.type],
    webhookUrl: request.webhook_url ?? null,
  };
}

/** The row as it was just written, without reading it again. */
function admittedRow(reservation: Reservation, result: ReservationResult): JobRow {
  const { at, status } = result;
  if (status === null) throw new Error('reserve_jobs admitted a job without a status');
  return {
    id: reservation.id,
    status,
    type: reservation.type,
    provider: reservation.provider,
    model: reservation.model,
    served_provider: null,
    served_model: null,
    key_source: result.key_source,
    retry_of: reservation.retryOf,
    input: reservation.input,
    output: null,
    error_code: null,
    credits_held: result.credits,
    credits_charged: 0,
    cost_usd: null,
    tokens_in: null,
    tokens_out: null,
    progress: 0,
    attempts: 0,
    project_id: reservation.projectId,
    metadata: reservation.metadata,
    created_at: at,
    queued_at: status === 'queued' ? at : null,
    started_at: null,
    completed_at: null,
    deadline_at: new Date(at.getTime() + 1000 * reservation.deadlineSeconds),
    queue_position: result.queue_position,
  };
}

/** The job that the same key and request have made before. */
async function findReplayed(
  { deps, principal, idempotencyKey }: AdmissionContext,
  requestHash: string,
): Promise<JobRow | undefined> {
  return deps.db
    .selectFrom('ai_jobs')
    .select(jobColumns)
    .where('organization_id', '=', principal.organizationId)
    .where('idempotency_key', '=', idempotencyKey)
    .where('request_hash', '=', requestHash)
    .executeTakeFirst();
}
