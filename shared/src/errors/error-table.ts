/**
 * Every error code a client can meet: HTTP status and title. `docs/errors.md` has one heading for each (checked by
 * `npm run check`). Job error codes (what went wrong at a provider) are listed apart in `job-error-table.ts`.
 */
export const errorTable = {
  invalid_request: { status: 422, title: 'The request is not valid' },
  malformed_request: { status: 400, title: 'The request could not be understood' },
  malformed_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_cursor: { status: 400, title: 'The cursor is not valid' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  unauthenticated: { status: 401, title: 'Authentication is required' },
  invalid_credentials: { status: 401, title: 'The e-mail or password is wrong' },
  email_not_confirmed: { status: 403, title: 'The e-mail address is not confirmed yet' },
  email_taken: { status: 409, title: 'An account with this e-mail exists already' },
  account_inactive: { status: 403, title: 'The account is not active' },
  organization_inactive: { status: 403, title: 'The organization is not active' },
  forbidden: { status: 403, title: 'Your role or key may not do this' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'This path does not take that method' },
  conflict: { status: 409, title: 'The resource is not in a state that allows this' },
  provider_key_invalid: { status: 409, title: 'The provider refuses your own key' },
  job_not_retryable: { status: 409, title: 'Only a failed or canceled job can be tried again' },
  invalid_signature: { status: 401, title: 'The signature is not valid' },
  job_finished: { status: 409, title: 'The job has already ended' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used with another request' },
  model_not_found: { status: 422, title: 'There is no such model' },
  model_retired: { status: 422, title: 'The model has been retired' },
  price_not_found: { status: 422, title: 'There is no price for this request' },
  insufficient_credits: { status: 402, title: 'Not enough credits' },
  key_budget_reached: { status: 402, title: 'The API key’s credits of this month are spent' },
  credits_on_hold: { status: 402, title: 'The credits are on hold for running jobs' },
  feature_not_in_plan: { status: 403, title: 'The plan does not include this feature' },
  plan_limit_reached: { status: 403, title: 'A limit of the plan is reached' },
  queue_full: { status: 429, title: 'Too many jobs are waiting' },
  rate_limited: { status: 429, title: 'Too many requests' },
  service_unavailable: { status: 503, title: 'The service is not available at the moment' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorTable;
