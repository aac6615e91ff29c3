import { describeApiKey, hashApiKey, makeApiKey } from '@base/shared/crypto/api-key';
import { ApiError } from '@base/shared/errors/api-error';
import { v7 as uuidV7 } from 'uuid';
import { hashRequest } from '../../http/idempotency-key.ts';
import type { Principal } from '../../http/principal.ts';
import type { Writer } from '../../http/writer.ts';
import { type ApiKeyRow, apiKeyColumns, usageColumns } from './present-api-key.ts';

/**
 * Making a key, from nothing or from an older one, is one statement that claims the Idempotency-Key and writes the row:
 * of two equal requests at once one makes the key and the other finds it. The upsert always returns the claim's row,
 * also one that committed while it waited.
 */
export interface MadeApiKey {
  row: ApiKeyRow;
  /** Null when the key was made by an earlier request: its text is kept nowhere. */
  key: string | null;
}

interface Claim {
  principal: Principal;
  idempotencyKey: string | null;
  route: string;
  body: unknown;
}

export interface NewKeyFields {
  name: string;
  scopes: readonly string[];
  requestsPerMinute: number | null;
  requestsPerDay: number | null;
  monthlyCreditBudget: number | null;
  allowedIps: readonly string[] | null;
  expiresAt: string | null;
}

const columns = [
  ...apiKeyColumns.map((column) => `made.${column}`),
  ...usageColumns.map((column) => `usage.${column}`),
].join(', ');
const joinUsage = 'cross join lateral public.find_key_usage(made.line_id) usage';
const claimSql = `insert into public.idempotency_keys as i (organization_id, route, key, request_hash, resource_id)
  select $1::uuid, $2, $3, $4, $5::uuid`;
const onClaimed = `on conflict (organization_id, route, key) do update set key = i.key returning resource_id`;

const insertSql = `with claim as (${claimSql} where $3::text is not null ${onClaimed}),
made as (
  insert into public.api_keys (id, organization_id, created_by, name, prefix, last4, key_hash, scopes, requests_per_minute, requests_per_day,
    monthly_credit_budget, allowed_ips, expires_at)
  select $5, $1, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
  where coalesce((select c.resource_id from claim c), $5::uuid) = $5::uuid
  returning *
)
select ${columns}
from made ${joinUsage}`;

// The old key goes on for the overlap, but never longer than it would have anyway; without overlap it is revoked.
const rotateSql = `with old as (
  select * from public.api_keys k where k.organization_id = $1 and k.id = $6
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) for update
),
claim as (${claimSql} from old where $3::text is not null ${onClaimed}),
made as (
  insert into public.api_keys (id, organization_id, created_by, name, prefix, last4, key_hash, scopes, requests_per_minute, requests_per_day,
    monthly_credit_budget, allowed_ips, expires_at, rotated_from, first_key_id)
  select $5, $1, $7, old.name, $8, $9, $10, old.scopes, old.requests_per_minute, old.requests_per_day,
    old.monthly_credit_budget, old.allowed_ips, old.expires_at, old.id, old.line_id
  from old where coalesce((select c.resource_id from claim c), $5::uuid) = $5::uuid
  returning *
),
ended as (
  update public.api_keys k set
    expires_at = case when $11::integer = 0 then k.expires_at
      else least(k.expires_at, now() + make_interval(secs => $11::integer)) end,
    revoked_at = case when $11::integer = 0 then now() end
  from made where k.id = made.rotated_from
)
select ${columns}
from made ${joinUsage}`;

/** Makes a new key, or finds the one that the same request made before. @throws ApiError idempotency_key_reused */
export async function insertApiKey(writer: Writer, claim: Claim, fields: NewKeyFields): Promise<MadeApiKey> {
  const key = makeApiKey();
  const { prefix, last4 } = describeApiKey(key);
  const { rows } = await writer.query<ApiKeyRow>(insertSql, [
    ...claimValues(claim),
    claim.principal.userId,
    fields.name,
    prefix,
    last4,
    hashApiKey(key),
    fields.scopes,
    fields.requestsPerMinute,
    fields.requestsPerDay,
    fields.monthlyCreditBudget,
    fields.allowedIps,
    fields.expiresAt,
  ]);
  return readMade(writer, claim, key, rows[0]);
}

/** Makes the successor of a key. @throws ApiError conflict when it has ended, idempotency_key_reused */
export async function insertRotatedApiKey(
  writer: Writer,
  claim: Claim,
  old: { id: string; overlapSeconds: number },
): Promise<MadeApiKey> {
  const key = makeApiKey();
  const { prefix, last4 } = describeApiKey(key);
  const { rows } = await writer.query<ApiKeyRow>(rotateSql, [
    ...claimValues(claim),
    old.id,
    claim.principal.userId,
    prefix,
    last4,
    hashApiKey(key),
    old.overlapSeconds,
  ]);
  return readMade(writer, claim, key, rows[0]);
}

function claimValues({ principal, route, idempotencyKey, body }: Claim): unknown[] {
  return [principal.organizationId, route, idempotencyKey, hashRequest(body), uuidV7()];
}

async function readMade(writer: Writer, claim: Claim, key: string, row: ApiKeyRow | undefined): Promise<MadeApiKey> {
  if (row !== undefined) return { row, key };
  const earlier = await writer.query<ApiKeyRow & { request_hash: string }>(
    `select i.request_hash, ${columns} from public.idempotency_keys i join public.api_keys made on made.id = i.resource_id ${joinUsage}
     where i.organization_id = $1 and i.route = $2 and i.key = $3`,
    [claim.principal.organizationId, claim.route, claim.idempotencyKey],
  );
  const found = earlier.rows[0];
  if (found === undefined) throw new ApiError('conflict', { detail: 'The key has been revoked or has expired.' });
  if (found.request_hash !== hashRequest(claim.body)) throw new ApiError('idempotency_key_reused');
  return { row: found, key: null };
}
