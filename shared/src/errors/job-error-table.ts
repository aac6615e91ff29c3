/**
 * Why a job failed, as the client sees it in `job.error`: the sentence is ours, so that no provider text, key or
 * address ever leaves the system. `retryable` says whether a worker may try the paid call again by itself.
 */
export const jobErrorTable = {
  content_refused: { message: 'The provider refused the content of the request.', retryable: false },
  invalid_input: { message: 'The provider did not accept the input.', retryable: false },
  provider_auth: { message: 'The provider did not accept the key.', retryable: false },
  provider_key_refused: {
    message: 'The provider refused the organization’s own key. Replace or remove it, then try again.',
    retryable: false,
  },
  provider_billing: { message: 'The provider refused for billing reasons.', retryable: false },
  provider_rate_limited: { message: 'The provider had no capacity in time.', retryable: true },
  provider_unavailable: { message: 'The provider was not available.', retryable: true },
  provider_failed: { message: 'The provider could not produce a result.', retryable: false },
  model_gone: { message: 'The provider no longer offers this model.', retryable: false },
  output_unavailable: { message: 'The result could not be fetched from the provider.', retryable: false },
  output_invalid: { message: 'The provider returned something that is not a usable result.', retryable: false },
  storage_unavailable: { message: 'The result could not be stored.', retryable: true },
  outcome_unknown: { message: 'The provider never said what became of the request.', retryable: false },
  deadline_exceeded: { message: 'The job did not finish before its deadline.', retryable: false },
  attempts_exhausted: { message: 'The job was interrupted too many times.', retryable: false },
  canceled: { message: 'The job was canceled.', retryable: false },
} as const satisfies Record<string, { message: string; retryable: boolean }>;

export type JobErrorCode = keyof typeof jobErrorTable;
