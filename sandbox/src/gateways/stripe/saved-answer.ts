/** The answer to a POST with an Idempotency-Key, for those who ask again. */
export interface SavedAnswer {
  /** Method, path and parameters. */
  question: string;
  status: number;
  text: string;
  requestId: string;
  savedAtMs: number;
}
