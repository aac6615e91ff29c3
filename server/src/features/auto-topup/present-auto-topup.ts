import type { autoTopup } from '@base/shared/contracts/auto-topup';
import { ApiError } from '@base/shared/errors/api-error';
import type { Pool } from 'pg';
import type * as z from 'zod';

interface Row {
  is_enabled: boolean;
  threshold_credits: number;
  pack_id: string;
  daily_cap_cents: number;
  monthly_cap_cents: number;
  failures: number;
  paused_until: Date | null;
  disabled_reason: 'declined' | null;
  last: {
    status: 'pending' | 'succeeded' | 'failed';
    amount_cents: number;
    error_code: string | null;
    created_at: string;
  } | null;
}

const readSql = `select a.*, (
    select jsonb_build_object('status', t.status, 'amount_cents', t.amount_cents, 'error_code', t.error_code, 'created_at', t.created_at)
    from public.topups t where t.organization_id = a.organization_id order by t.created_at desc limit 1
  ) as last
  from public.auto_topups a where a.organization_id = $1`;

/** The organization's setting as the API shows it, with what became of the last purchase. @throws ApiError not_found */
export async function findAutoTopup(pool: Pool, organizationId: string): Promise<z.input<typeof autoTopup>> {
  const { rows } = await pool.query<Row>(readSql, [organizationId]);
  const [row] = rows;
  if (row === undefined) throw new ApiError('not_found', { detail: 'The organization has no automatic top-up.' });
  return {
    object: 'auto_topup',
    enabled: row.is_enabled,
    threshold: row.threshold_credits,
    pack: row.pack_id,
    daily_cap_cents: row.daily_cap_cents,
    monthly_cap_cents: row.monthly_cap_cents,
    failures: row.failures,
    paused_until: row.paused_until?.toISOString() ?? null,
    disabled_reason: row.disabled_reason,
    last: row.last && { ...row.last, created_at: new Date(row.last.created_at).toISOString() },
  };
}
