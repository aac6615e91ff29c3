import type { Pool } from 'pg';

/** Claimed keys are left alone for so long; a check whose worker died is made again after it. */
const claimSeconds = 60;

/** An organization's own key whose provider is to be asked. */
export interface DueKey {
  id: string;
  organization_id: string;
  provider: string;
  ciphertext: Buffer;
  base_url: string | null;
  /** How long the last wait before this check was: 0 when the key is new or somebody asked. */
  waited_seconds: number;
  /** Until when it is claimed, as text with microseconds: the claim's token. */
  claimed_until: string;
}

/** Claims keys that are due, the longest due first, no more than `perProvider` for each provider. */
export async function claimDueKeys(pool: Pool, providers: readonly string[], perProvider: number): Promise<DueKey[]> {
  // Every write stamps updated_at, so what lies between it and check_at is the wait that the last write ordered.
  const { rows } = await pool.query<DueKey>(
    `with due as materialized (
       select waiting.id, waiting.waited_seconds
       from unnest($1::text[]) named (provider)
       cross join lateral (
         select x.id, greatest(0, extract(epoch from x.check_at - x.updated_at))::float as waited_seconds
         from public.provider_api_keys x
         where x.provider = named.provider and x.check_at <= clock_timestamp()
         order by x.check_at limit $2 for update skip locked
       ) waiting
     )
     update public.provider_api_keys k set check_at = clock_timestamp() + make_interval(secs => $3)
     from due
     where k.id = due.id
     returning k.id, k.organization_id, k.provider, k.ciphertext, k.base_url, due.waited_seconds, k.check_at::text as claimed_until`,
    [providers, perProvider, claimSeconds],
  );
  return rows;
}

/** `problem` is a sentence for the organization; null for a valid key. */
export interface Verdict {
  isValid: boolean;
  problem: string | null;
}

/**
 * Writes the verdict on a claimed key.
 * @returns false, and nothing is written, when the key has been replaced, removed, encrypted anew, or asked about again
 * meanwhile: then it is checked again, or gone.
 */
export async function recordVerdict(pool: Pool, key: DueKey, verdict: Verdict): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update public.provider_api_keys
     set is_valid = $4, last_error = $5, validated_at = clock_timestamp(), check_at = null
     where id = $1 and ciphertext = $2 and check_at = $3::timestamptz`,
    [key.id, key.ciphertext, key.claimed_until, verdict.isValid, verdict.problem],
  );
  return rowCount === 1;
}

/** Puts a claimed key off; what was last said of it stands. False as above. */
export async function putOff(pool: Pool, key: DueKey, seconds: number, problem: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update public.provider_api_keys set last_error = $4, check_at = clock_timestamp() + make_interval(secs => $5)
     where id = $1 and ciphertext = $2 and check_at = $3::timestamptz`,
    [key.id, key.ciphertext, key.claimed_until, problem, seconds],
  );
  return rowCount === 1;
}
