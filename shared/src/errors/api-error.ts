import { type ErrorCode, errorTable } from './error-table.ts';

export interface FieldProblem {
  /** JSON pointer to the field, for example `/input/prompt`. */
  pointer: string;
  detail: string;
}

export interface ApiErrorOptions {
  /** What happened and what would be right, for the caller. */
  detail?: string;
  errors?: FieldProblem[];
  /** Figures that help: rendered as further members of the problem document. */
  figures?: Record<string, unknown>;
  /** Seconds for the `Retry-After` header. */
  retryAfterSeconds?: number;
  /** For the log only; never rendered. */
  cause?: unknown;
}

/** The one error that the HTTP layer renders; everything but `cause` is public. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: string | undefined;
  readonly errors: FieldProblem[] | undefined;
  readonly figures: Record<string, unknown>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, options: ApiErrorOptions = {}) {
    super(options.detail ?? errorTable[code].title, { cause: options.cause });
    this.code = code;
    this.status = errorTable[code].status;
    this.detail = options.detail;
    this.errors = options.errors;
    this.figures = options.figures ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
