import type { Pool } from 'pg';
import type { Category } from './layout-words.ts';
import type { Language } from './reader.ts';

/** An e-mail that is the caller's to send until its lease runs out. */
export interface ClaimedEmail {
  id: string;
  lease_token: string;
  attempts: number;
  template: string;
  category: Category;
  data: Record<string, unknown>;
  sealed: Buffer | null;
  reference: string;
  user_id: string | null;
  address: string;
  full_name: string | null;
  language: Language;
  organization_name: string;
}

export interface ClaimOptions {
  limit: number;
  leaseSeconds: number;
  attemptsMax: number;
}

/** Takes what is due and still wanted. */
export async function claimEmails(pool: Pool, options: ClaimOptions): Promise<ClaimedEmail[]> {
  const { rows } = await pool.query<ClaimedEmail>('select * from public.claim_emails($1, $2, $3)', [
    options.limit,
    options.leaseSeconds,
    options.attemptsMax,
  ]);
  return rows;
}

export type Ending =
  | { status: 'sent'; messageId: string }
  | { status: 'failed'; reason: string }
  | { status: 'pending'; reason: string; retrySeconds: number };

/** Writes what became of it. @returns whether it was still the caller's */
export async function endEmail(pool: Pool, email: ClaimedEmail, ending: Ending): Promise<boolean> {
  const { rows } = await pool.query<{ ended: boolean }>('select public.end_email($1, $2, $3, $4, $5, $6) as ended', [
    email.id,
    email.lease_token,
    ending.status,
    ending.status === 'sent' ? ending.messageId : null,
    ending.status === 'sent' ? null : ending.reason,
    ending.status === 'pending' ? ending.retrySeconds : null,
  ]);
  return rows[0]?.ended ?? false;
}
