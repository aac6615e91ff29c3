import { createJobBody, job } from '@base/shared/contracts/jobs';
import type { Reservation, ReservationResult } from '@base/shared/db/queries/job-lifecycle';
import { ApiError } from '@base/shared/errors/api-error';
import { v7 as uuidV7 } from 'uuid';
import { type PricedRequest, priceRequest } from '../../admission/price-request.ts';
import { accepted, endpoint } from '../../http/endpoint.ts';
import { hashRequest } from '../../http/idempotency-key.ts';
import { invalidRequest } from '../../http/parse-input.ts';
import type { Principal } from '../../http/principal.ts';
import { type JobRow, presentJob } from './present-job.ts';

/** How long a job of each type may take, from admission to its end. */
const deadlineSeconds = { image: 900, video: 3_600, audio: 900, text: 600 } as const;

export const createJob = endpoint({
  method: 'post',
  path: '/jobs',
  tag: 'jobs',
  summary: 'Create a job',
  description:
    'Checks the input against the model’s schema, holds the credits and admits the job. Nothing is charged before a result ' +
    'is stored; what is held is the most the job can cost.',
  access: 'jobs:write',
  idempotent: true,
  body: createJobBody,
  responses: {
    202: { description: 'The job, admitted.', body: job, headers: { Location: 'The job’s own address.' } },
  },
  errors: [
    'model_not_found',
    'model_retired',
    'price_not_found',
    'feature_not_in_plan',
    'plan_limit_reached',
    'insufficient_credits',
    'credits_on_hold',
    'queue_full',
    'organization_inactive',
    'idempotency_key_reused',
  ],
  async handle({ body, principal, idempotencyKey, requestId, deps }) {
    const priced = priceRequest(body, principal, deps.catalog);
    const reservation: Reservation = {
      id: uuidV7(),
      organizationId: principal.organizationId,
      userId: principal.userId,
      apiKeyId: principal.apiKey?.id ?? null,
      projectId: body.project_id ?? null,
      type: priced.contract.type,
      provider: priced.model.provider,
      model: priced.model.name,
      operation: priced.contract.operation,
      input: priced.input,
      metadata: body.metadata ?? {},
      credits: priced.quote.credits,
      costUsd: priced.quote.costUsd,
      limitUnits: limitUnits(priced),
      price: priced.price,
      idempotencyKey,
      // The request as it was sent: a later change of defaults must not turn a retry into a conflict.
      requestHash: idempotencyKey === null ? null : hashRequest(body),
      requestId,
      deadlineSeconds: deadlineSeconds[priced.contract.type],
    };
    const result = await deps.admission.reserve(reservation);
    const row = result.code === 'replayed' ? replayedRow(result) : admittedRow(reservation, result, principal);
    if (result.code === 'admitted')
      deps.metrics.jobsAdmitted.inc({ type: reservation.type, provider: reservation.provider });
    const presented = presentJob(row, deps);
    return accepted(presented, {
      Location: presented.urls.self,
      ...(result.code === 'replayed' ? { 'Idempotent-Replayed': 'true' } : {}),
    });
  },
});

/** What counts against the plan's monthly limit: images, videos, or seconds of audio. */
function limitUnits({ contract, measure, price }: PricedRequest): number {
  switch (contract.type) {
    case 'image':
      return measure.units;
    case 'video':
      return 1;
    case 'audio':
      return Math.ceil(price.unit === 'minute' ? measure.units * 60 : measure.units);
    case 'text':
      return 0;
  }
}

function replayedRow(result: ReservationResult): JobRow {
  if (!result.job) throw new Error('a replayed job came without its row');
  return result.job as unknown as JobRow; // reserve_jobs gives the row of ai_jobs as JSON
}

/** @throws ApiError with what reserve_jobs decided, when it did not admit */
function admittedRow(reservation: Reservation, result: ReservationResult, principal: Principal): JobRow {
  if (result.code !== 'admitted' || !result.status) throw refusal(result, principal);
  return {
    id: reservation.id,
    status: result.status,
    type: reservation.type,
    provider: reservation.provider,
    model: reservation.model,
    input: reservation.input,
    output: null,
    error_code: null,
    credits_held: reservation.credits,
    credits_charged: 0,
    cost_usd: null,
    progress: 0,
    attempts: 0,
    project_id: reservation.projectId,
    metadata: reservation.metadata,
    created_at: result.at,
    queued_at: result.status === 'queued' ? result.at : null,
    started_at: null,
    completed_at: null,
    queue_position: result.queue_position,
  };
}

function refusal(result: ReservationResult, principal: Principal): Error {
  const figures = result.figures ?? {};
  switch (result.code) {
    case 'project_not_found':
      return invalidRequest([{ pointer: '/project_id', detail: 'is not a project of the organization' }]);
    case 'idempotency_key_reused':
      return new ApiError('idempotency_key_reused', {
        detail: 'This Idempotency-Key came with another request before. Use a new key for a new request.',
      });
    case 'organization_inactive':
      return new ApiError('organization_inactive');
    case 'feature_not_in_plan':
      return new ApiError('feature_not_in_plan', {
        detail: `The plan ${principal.planId} does not include ${figures.feature} generation.`,
        figures,
      });
    case 'plan_limit_reached':
      return new ApiError('plan_limit_reached', {
        detail: `The plan allows ${figures.limit} a month (${figures.limit_name}); ${figures.used} are used or running, ${figures.requested} more were asked for.`,
        figures,
      });
    case 'queue_full':
      return new ApiError('queue_full', {
        detail: `${figures.waiting} jobs are waiting, which is all the plan allows. Try again when some have run.`,
        figures,
        retryAfterSeconds: 10,
      });
    case 'insufficient_credits':
      return new ApiError('insufficient_credits', {
        detail: `The job needs ${figures.required} credits; ${figures.available} are available.`,
        figures,
      });
    case 'credits_on_hold':
      return new ApiError('credits_on_hold', {
        detail: `The job needs ${figures.required} credits; ${figures.available} are available and ${figures.held} are on hold for running jobs, of which some may come back.`,
        figures,
        retryAfterSeconds: 5,
      });
    default:
      return new Error(`reserve_jobs answered ${result.code} without a status`);
  }
}
