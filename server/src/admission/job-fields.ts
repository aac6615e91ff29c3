import type { Job } from '@base/shared/contracts/jobs';
import { type JobErrorCode, jobErrorTable } from '@base/shared/errors/job-error-table';
import type { JobRow } from './job-row.ts';

// How single fields of a job look on the wire, wherever one is shown.

/** Who made the result, as clients name models. */
export function servedBy(row: Pick<JobRow, 'served_provider' | 'served_model'>): string | null {
  return row.served_provider === null ? null : `${row.served_provider}/${row.served_model}`;
}

export function presentTokens(row: Pick<JobRow, 'tokens_in' | 'tokens_out'>): Job['tokens'] {
  return row.tokens_in === null && row.tokens_out === null
    ? null
    : { input: row.tokens_in ?? 0, output: row.tokens_out ?? 0 };
}

/** A code of ours and its sentence; the provider's own words are for operators. */
export function presentError(code: string | null): { code: string; message: string } {
  const known = code !== null && code in jobErrorTable ? (code as JobErrorCode) : 'provider_failed'; // checked by `in`
  return { code: known, message: jobErrorTable[known].message };
}

export function toUsd(amount: string | number): string;
export function toUsd(amount: string | number | null): string | null;
/** As decimals are shown: exact to the millionth. From JSON they come as numbers. */
export function toUsd(amount: string | number | null): string | null {
  return amount === null ? null : Number(amount).toFixed(6);
}

export function toIso(time: Date | string): string {
  return (typeof time === 'string' ? new Date(time) : time).toISOString();
}

export function toIsoOrNull(time: Date | string | null): string | null {
  return time === null ? null : toIso(time);
}

export function jobUrls(id: string, publicUrl: string): Job['urls'] {
  const self = `${publicUrl}/api/v1/jobs/${id}`;
  return {
    self,
    cancel: `${self}/cancel`,
    retry: `${self}/retry`,
    events: `${self}/events`,
    receipt: `${self}/receipt`,
  };
}
