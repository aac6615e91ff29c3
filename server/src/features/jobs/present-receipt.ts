import type { JobReceipt } from '@base/shared/contracts/jobs';
import type { Price } from '@base/shared/credits/quote';
import type { AttemptStatus, HoldStatus, KeySource } from '@base/shared/db/database.types';
import { presentError, presentTokens, servedBy, toIso, toIsoOrNull, toUsd } from '../../admission/job-fields.ts';
import type { JobRow } from '../../admission/job-row.ts';

/** A job with its hold, attempts and ledger entries, which come as JSON. */
export interface ReceiptRow
  extends Pick<
    JobRow,
    | 'id'
    | 'status'
    | 'provider'
    | 'model'
    | 'served_provider'
    | 'served_model'
    | 'key_source'
    | 'credits_held'
    | 'credits_charged'
    | 'cost_usd'
    | 'tokens_in'
    | 'tokens_out'
  > {
  quoted_cost_usd: string;
  limit_units: number;
  hold: HoldJson;
  attempts: AttemptJson[];
  transactions: TransactionJson[];
}

interface HoldJson {
  amount: number;
  status: HoldStatus;
  captured_amount: number;
  price: Price;
  created_at: string;
  resolved_at: string | null;
}

interface AttemptJson {
  number: number;
  provider: string;
  model: string;
  key_source: KeySource;
  status: AttemptStatus;
  provider_task_id: string | null;
  cost_usd: number | null;
  error_code: string | null;
  created_at: string;
  submitted_at: string | null;
  ended_at: string | null;
}

type Transaction = JobReceipt['transactions'][number];
type TransactionJson = Omit<Transaction, 'object'>;

/**
 * The receipt on the wire. What the platform may have paid for nothing is its own loss and not shown, nor are the
 * providers' own words.
 */
export function presentReceipt(row: ReceiptRow): JobReceipt {
  const { hold } = row;
  return {
    object: 'job_receipt',
    job_id: row.id,
    status: row.status,
    model: `${row.provider}/${row.model}`,
    served_by: servedBy(row),
    key_source: row.key_source,
    quote: { credits: row.credits_held, cost_usd: toUsd(row.quoted_cost_usd), price: presentPrice(hold.price) },
    hold: {
      amount: hold.amount,
      status: hold.status,
      captured: hold.captured_amount,
      released: hold.resolved_at === null ? 0 : hold.amount - hold.captured_amount,
      created_at: toIso(hold.created_at),
      resolved_at: toIsoOrNull(hold.resolved_at),
    },
    attempts: row.attempts.map(presentAttempt),
    settlement:
      row.status === 'completed'
        ? {
            credits: row.credits_charged,
            cost_usd: toUsd(row.cost_usd),
            units: row.limit_units,
            tokens: presentTokens(row),
          }
        : null,
    transactions: row.transactions.map(presentTransaction),
  };
}

function presentPrice(price: Price): JobReceipt['quote']['price'] {
  return {
    credits: price.credits,
    own_key_credits: price.ownKeyCredits,
    cost_usd: toUsd(price.costUsd),
    unit: price.unit,
    multipliers: price.multipliers,
  };
}

function presentAttempt(attempt: AttemptJson): JobReceipt['attempts'][number] {
  return {
    number: attempt.number,
    provider: attempt.provider,
    model: attempt.model,
    key_source: attempt.key_source,
    status: attempt.status,
    provider_task_id: attempt.provider_task_id,
    cost_usd: toUsd(attempt.cost_usd),
    error: attempt.error_code === null ? null : presentError(attempt.error_code),
    created_at: toIso(attempt.created_at),
    submitted_at: toIsoOrNull(attempt.submitted_at),
    ended_at: toIsoOrNull(attempt.ended_at),
  };
}

function presentTransaction(entry: TransactionJson): Transaction {
  return {
    id: entry.id,
    object: 'credit_transaction',
    type: entry.type,
    amount: entry.amount,
    balance_after: entry.balance_after,
    reference_type: entry.reference_type,
    reference_id: entry.reference_id,
    user_id: entry.user_id,
    description: entry.description,
    metadata: entry.metadata,
    created_at: toIso(entry.created_at),
  };
}
