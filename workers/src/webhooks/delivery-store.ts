import type { Pool } from 'pg';

/** A message that a worker has taken, with all that is needed to send it. */
export interface ClaimedDelivery {
  id: string;
  lease_token: string;
  lane_id: string;
  webhook_id: string | null;
  organization_id: string;
  /** Whether the last message to this receiver arrived. */
  is_proven: boolean;
  /** Failures so far. */
  step: number;
  /** How late it was taken. */
  due_ms: number;
  event_id: string;
  event_type: string;
  resource_id: string;
  data: Record<string, unknown>;
  event_at: Date;
  url: string;
  headers_ciphertext: Buffer | null;
  secret_ciphertext: Buffer;
  previous_secrets_ciphertext: Buffer | null;
}

export interface ClaimOptions {
  slots: number;
  /** How many of them at receivers that have not proved to work. */
  unprovenSlots: number;
  leaseSeconds: number;
}

/** Takes what is due, in the order and within the limits that `claim_webhook_deliveries` keeps. */
export async function claimDeliveries(pool: Pool, options: ClaimOptions): Promise<ClaimedDelivery[]> {
  const { rows } = await pool.query<ClaimedDelivery>('select * from public.claim_webhook_deliveries($1, $2, $3)', [
    options.slots,
    options.unprovenSlots,
    options.leaseSeconds,
  ]);
  return rows;
}

/** What became of one attempt. */
export interface Attempt {
  isSuccess: boolean;
  responseCode: number | null;
  durationMs: number;
  responseHead: string | null;
  error: string | null;
  /** Null: not again. */
  retrySeconds: number | null;
}

/** `lost`: somebody else had it by then. `gone`, `failing`: the endpoint is to be switched off. */
export type Finish = 'done' | 'lost' | 'gone' | 'failing';

export async function finishDelivery(pool: Pool, delivery: ClaimedDelivery, attempt: Attempt): Promise<Finish> {
  const { rows } = await pool.query<{ finish: Finish }>(
    'select public.finish_webhook_delivery($1, $2, $3, $4, $5, $6, $7, $8) as finish',
    [
      delivery.id,
      delivery.lease_token,
      attempt.isSuccess,
      attempt.responseCode,
      attempt.durationMs,
      attempt.responseHead,
      attempt.error,
      attempt.retrySeconds,
    ],
  );
  return rows[0]?.finish ?? 'lost';
}

/** Switches an endpoint off and tells its organization; false when it was off. */
export async function disableWebhook(pool: Pool, webhookId: string, reason: 'gone' | 'failing'): Promise<boolean> {
  const { rows } = await pool.query<{ was_on: boolean }>('select public.disable_webhook($1, $2) as was_on', [
    webhookId,
    reason,
  ]);
  return rows[0]?.was_on === true;
}
