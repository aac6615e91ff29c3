import type { JobErrorCode } from '@base/shared/errors/job-error-table';

export type OutputErrorCode = Extract<JobErrorCode, 'output_unavailable' | 'output_invalid' | 'storage_unavailable'>;

/** Why an output could not be kept. The message is for logs and operators. */
export class OutputError extends Error {
  override name = 'OutputError';
  readonly code: OutputErrorCode;
  /** Whether the same step may work a moment later. */
  readonly isPassing: boolean;

  constructor(code: OutputErrorCode, message: string, options: { isPassing?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.isPassing = options.isPassing ?? false;
  }
}
