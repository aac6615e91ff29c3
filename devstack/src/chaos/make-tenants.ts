import { randomUUID } from 'node:crypto';
import { createdApiKey } from '@base/shared/contracts/accounts';
import { signSession } from '@base/shared/testing/sign-session';
import type { Answer, CustomerClient } from './customer-client.ts';
import type { Pool } from './read-jobs.ts';

/** One organization that orders. */
export interface Tenant {
  organizationId: string;
  plan: string;
  /** How often it orders, against the others. */
  share: number;
  /** Its keys at providers, by provider; empty when it runs on the platform's. */
  ownKeys: Record<string, string>;
  /** Credits that it was given, so far. */
  granted: number;
  /** Gets a little now and then, and so is told 402 now and then. */
  isShort: boolean;
  /** For the Authorization header. */
  token(): string;
}

interface TenantPlan {
  plan: string;
  share: number;
  credits: number;
  isShort?: boolean;
  /** Orders by API key instead of session. */
  hasApiKey?: boolean;
  ownKeysAt?: readonly string[];
}

const tenantPlans: readonly TenantPlan[] = [
  { plan: 'enterprise', share: 4, credits: 500_000, hasApiKey: true },
  { plan: 'business', share: 3, credits: 200_000 },
  { plan: 'professional', share: 2, credits: 50_000 },
  { plan: 'professional', share: 2, credits: 50_000, ownKeysAt: ['replicate', 'openai', 'fal', 'elevenlabs'] },
  { plan: 'starter', share: 2, credits: 5_000 },
  { plan: 'free', share: 1, credits: 100 },
  { plan: 'professional', share: 1, credits: 60, isShort: true },
];

export interface TenantDeps {
  client: CustomerClient;
  pool: Pool;
  jwtSecret: string;
  signal: AbortSignal;
}

/** Organizations on different plans, with credits to spend. */
export async function makeTenants(deps: TenantDeps): Promise<Tenant[]> {
  const tenants: Tenant[] = [];
  for (const plan of tenantPlans) tenants.push(await makeTenant(plan, deps));
  return tenants;
}

async function makeTenant(wanted: TenantPlan, deps: TenantDeps): Promise<Tenant> {
  const { client, pool, signal } = deps;
  const person = { id: randomUUID(), email: `${randomUUID()}@customer.test` };
  const organizationId = await makeOrganization(pool, person, wanted.plan);
  const accounts = await pool.query<{ balance: number }>(
    'select balance from credit_balances where organization_id = $1',
    [organizationId],
  );
  const tenant: Tenant = {
    organizationId,
    plan: wanted.plan,
    share: wanted.share,
    ownKeys: {},
    granted: accounts.rows[0]?.balance ?? 0,
    isShort: wanted.isShort ?? false,
    token: createSession(person, deps.jwtSecret),
  };
  await grantCredits(pool, tenant, wanted.credits - tenant.granted, 'start');
  const change = async (method: 'POST' | 'PUT', path: string, body: unknown): Promise<Answer['body']> => {
    const answer = await client.callUntilDefinite({ method, path, body, token: tenant.token() }, signal);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  for (const provider of wanted.ownKeysAt ?? []) {
    const key = `own-${randomUUID()}`;
    await change('PUT', `/provider-keys/${provider}`, { key });
    tenant.ownKeys[provider] = key;
  }
  if (wanted.hasApiKey) {
    const { key } = createdApiKey.parse(await change('POST', '/api-keys', { name: 'load', scopes: ['read', 'write'] }));
    if (key !== null) tenant.token = () => key;
  }
  return tenant;
}

/** As a person's first call makes it; on its plan before any node has seen it. @returns its id */
async function makeOrganization(pool: Pool, person: Person, plan: string): Promise<string> {
  const { rows } = await pool.query<{ organization_id: string }>(
    'select organization_id from public.authenticate_user($1, $2, null)',
    [person.id, person.email],
  );
  const [made] = rows;
  if (made === undefined) throw new Error('authenticate_user made no organization');
  await pool.query('update organizations set plan_id = $1 where id = $2', [plan, made.organization_id]);
  return made.organization_id;
}

/** Gives credits, once per reference however often it is tried. @throws the error of the database */
export async function grantCredits(pool: Pool, tenant: Tenant, amount: number, reference: string): Promise<void> {
  if (amount <= 0) return;
  await pool.query(
    `select * from public.credit_credits(array[$1::uuid], array['bonus'::public.transaction_type], array[$2::bigint],
      array['chaos'], array[$3], array['Credits to spend'], array[null::timestamptz], array[null::uuid])`,
    [tenant.organizationId, amount, reference],
  );
  tenant.granted += amount;
}

interface Person {
  id: string;
  email: string;
}

/** Half of what a session is good for. */
const renewAfterMs = 1_800_000;

/** A person's session token, renewed in time. */
function createSession(person: Person, secret: string): () => string {
  let token = '';
  let renewAtMs = 0;
  return () => {
    if (Date.now() < renewAtMs) return token;
    token = signSession(person, secret);
    renewAtMs = Date.now() + renewAfterMs;
    return token;
  };
}
