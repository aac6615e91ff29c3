import { describeApiKey, hashApiKey, makeApiKey } from '@base/shared/crypto/api-key';
import type { Database } from '@base/shared/db/database';
import jwt from 'jsonwebtoken';
import { v7 as uuidV7 } from 'uuid';

type Pool = Database['pool'];

export interface Tenant {
  organizationId: string;
  /** Stands in every name and prompt of the tenant. */
  marker: string;
  projectId: string;
}

export interface Person {
  id: string;
  email: string;
  token: string;
}

/** So high that a run never meets them, and yet limits. */
const limits = {
  api_requests_per_minute: 1_000_000_000,
  api_requests_per_day: 1_000_000_000,
  waiting_jobs: 1_000_000,
  team_members: -1,
};
const credits = 100_000_000;

const insertTenant = `
  with organization as (
    insert into public.organizations (id, name, slug, plan_id, custom_limits, owner_id) values ($1, $2, $2, 'enterprise', $3, $4)),
  account as (insert into public.credit_balances (organization_id) values ($1)),
  person as (insert into public.users (id, organization_id, email, role) values ($4, $1, $5, 'admin'))
  insert into public.projects (id, organization_id, created_by, name) values ($6, $1, $4, $2)`;

const giveCredits = `select * from public.credit_credits(array[$1::uuid], array['bonus'::public.transaction_type], array[$2::bigint],
  array['fuzz'], array[$1::text], array['Credits to spend'], array[null::timestamptz], array[null::uuid])`;

/** A new organization with credits, its first person (an admin) and a project. */
export async function makeTenant(pool: Pool, jwtSecret: string): Promise<Tenant & { admin: Person }> {
  const [organizationId, projectId] = [uuidV7(), uuidV7()];
  const admin = makePerson(jwtSecret);
  const marker = `fuzz-${admin.id.slice(-12)}`;
  const values = [organizationId, marker, JSON.stringify(limits), admin.id, admin.email, projectId];
  await pool.query(insertTenant, values);
  await pool.query(giveCredits, [organizationId, credits]);
  return { organizationId, marker, projectId, admin };
}

/** More people of a tenant, all with the same role. */
export async function addPeople(
  pool: Pool,
  organizationId: string,
  options: { role: string; count: number; jwtSecret: string },
): Promise<Person[]> {
  const people = Array.from({ length: options.count }, () => makePerson(options.jwtSecret));
  await pool.query(
    `insert into public.users (id, organization_id, email, role)
     select u.id, $1, u.email, $2::public.user_role from unnest($3::uuid[], $4::text[]) u (id, email)`,
    [organizationId, options.role, people.map(({ id }) => id), people.map(({ email }) => email)],
  );
  return people;
}

export interface NewKey {
  name: string;
  scopes: readonly string[];
  isExpired?: boolean;
  isRevoked?: boolean;
}

export interface MadeKey {
  id: string;
  key: string;
}

/** API keys made by this person. */
export async function addKeys(
  pool: Pool,
  owner: { organizationId: string; userId: string },
  wanted: readonly NewKey[],
): Promise<MadeKey[]> {
  const keys: MadeKey[] = [];
  for (const { name, scopes, isExpired = false, isRevoked = false } of wanted) {
    const made = { id: uuidV7(), key: makeApiKey() };
    const { prefix, last4 } = describeApiKey(made.key);
    await pool.query(
      `insert into public.api_keys (id, organization_id, created_by, name, prefix, last4, key_hash, scopes, expires_at, revoked_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9 then now() - interval '1 hour' end, case when $10 then now() end)`,
      [
        made.id,
        owner.organizationId,
        owner.userId,
        name,
        prefix,
        last4,
        hashApiKey(made.key),
        scopes,
        isExpired,
        isRevoked,
      ],
    );
    keys.push(made);
  }
  return keys;
}

/** Conversations without a message. */
export async function addConversations(
  pool: Pool,
  owner: { organizationId: string; userId: string },
  options: { title: string; count: number },
): Promise<string[]> {
  const ids = Array.from({ length: options.count }, () => uuidV7());
  await pool.query(
    `insert into public.conversations (id, organization_id, user_id, title) select u.id, $2, $3, $4 from unnest($1::uuid[]) u (id)`,
    [ids, owner.organizationId, owner.userId, options.title],
  );
  return ids;
}

/** Invitations that nobody has the link of. */
export async function addInvitations(
  pool: Pool,
  owner: { organizationId: string; userId: string },
  count: number,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidV7());
  await pool.query(
    `insert into public.invitations (id, organization_id, email, role, token_hash, invited_by, expires_at)
     select u.id, $2, u.id || '@invited.test', 'member', u.id, $3, now() + interval '1 day' from unnest($1::uuid[]) u (id)`,
    [ids, owner.organizationId, owner.userId],
  );
  return ids;
}

/** Invoices that are void, so that nobody asks a gateway about them. */
export async function addInvoices(pool: Pool, organizationId: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidV7());
  await pool.query(
    `insert into public.invoices (id, organization_id, gateway, gateway_id, status, amount_cents, amount_paid_cents, currency, as_of, issued_at)
     select u.id, $2, 'stripe', u.id, 'void', 100, 0, 'usd', now(), now() from unnest($1::uuid[]) u (id)`,
    [ids, organizationId],
  );
  return ids;
}

/** Orders of credits that were never paid and have expired. */
export async function addCheckouts(
  pool: Pool,
  owner: { organizationId: string; userId: string },
  count: number,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidV7());
  await pool.query(
    `insert into public.checkouts (id, organization_id, user_id, gateway, pack_id, credits, amount_cents, status, expires_at)
     select u.id, $2, $3, 'stripe', p.id, p.credits, 100, 'expired', now() from unnest($1::uuid[]) u (id),
       (select * from public.credit_packs order by id limit 1) p`,
    [ids, owner.organizationId, owner.userId],
  );
  return ids;
}

/** A delivery of the organization's first event that was never sent. */
export async function addEndedDelivery(pool: Pool, organizationId: string, webhookId: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into public.webhook_deliveries (id, organization_id, lane_id, webhook_id, event_id, event_type, status, ended_at)
     select public.uuid_v7(), $1, $2, $2, e.id, e.type, 'canceled', now()
     from public.events e where e.organization_id = $1 order by e.id limit 1
     returning id`,
    [organizationId, webhookId],
  );
  return rows[0]?.id ?? '';
}

function makePerson(jwtSecret: string): Person {
  const id = uuidV7();
  const email = `${id}@tenant.test`;
  return { id, email, token: signSession({ sub: id, email }, jwtSecret) };
}

/** A session as Supabase Auth signs it with a shared secret; it outlives the longest run. */
export function signSession(claims: Record<string, unknown>, secret: string): string {
  const now = Math.floor(Date.now() / 1000);
  const whole = { aud: 'authenticated', role: 'authenticated', iat: now, exp: now + 43_200, ...claims };
  return jwt.sign(whole, secret, { algorithm: 'HS256' });
}
