import { createHmac, randomUUID } from 'node:crypto';
import { createdApiKey, me, organization } from '@base/shared/contracts/accounts';
import type postgres from 'postgres';
import { waitUntil } from '../wait-until.ts';
import type { Answer, Call, CustomerClient } from './customer-client.ts';

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
  sql: postgres.Sql;
  jwtSecret: string;
  signal: AbortSignal;
}

/** Organizations on different plans, as their first call makes them, with credits to spend. */
export async function makeTenants(deps: TenantDeps): Promise<Tenant[]> {
  const tenants: Tenant[] = [];
  for (const plan of tenantPlans) tenants.push(await makeTenant(plan, deps));
  return tenants;
}

async function makeTenant(wanted: TenantPlan, deps: TenantDeps): Promise<Tenant> {
  const { client, sql, signal } = deps;
  const userId = randomUUID();
  const session = createSession(userId, deps.jwtSecret);
  const ask = async (call: Omit<Call, 'token'>): Promise<Answer['body']> => {
    const answer = await client.callUntilDefinite({ ...call, token: session() }, signal);
    if (answer.status < 300) return answer.body;
    throw new Error(`${call.method} ${call.path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const { organization: own } = me.parse(await ask({ method: 'GET', path: '/me' }));
  await sql`update organizations set plan_id = ${wanted.plan} where id = ${own.id}`;
  await waitUntil(
    async () => organization.parse(await ask({ method: 'GET', path: '/organization' })).plan === wanted.plan,
    {
      what: `the API did not notice the plan ${wanted.plan}`,
      timeoutMs: 20_000,
      intervalMs: 300,
    },
  );
  const [account] = await sql<
    { balance: string }[]
  >`select balance from credit_balances where organization_id = ${own.id}`;
  const tenant: Tenant = {
    organizationId: own.id,
    plan: wanted.plan,
    share: wanted.share,
    ownKeys: {},
    granted: Number(account?.balance),
    isShort: wanted.isShort ?? false,
    token: session,
  };
  await grantCredits(sql, tenant, wanted.credits - tenant.granted, 'start');
  if (wanted.hasApiKey) {
    const body = { name: 'load', scopes: ['read', 'write'] };
    const { key } = createdApiKey.parse(await ask({ method: 'POST', path: '/api-keys', body }));
    if (key !== null) tenant.token = () => key;
  }
  for (const provider of wanted.ownKeysAt ?? []) {
    const key = `own-${randomUUID()}`;
    await ask({ method: 'PUT', path: `/provider-keys/${provider}`, body: { key } });
    tenant.ownKeys[provider] = key;
  }
  return tenant;
}

/** Gives credits, once per reference however often it is tried. @throws the error of the database */
export async function grantCredits(
  sql: postgres.Sql,
  tenant: Tenant,
  amount: number,
  reference: string,
): Promise<void> {
  if (amount <= 0) return;
  const [row] = await sql<{ code: string }[]>`
    select code from credit_credits(array[${tenant.organizationId}::uuid], array['bonus'::transaction_type], array[${amount}::bigint],
      array['chaos'], array[${reference}], array['Credits to spend'], array[null::timestamptz], array[null::uuid])`;
  if (row === undefined) throw new Error('credit_credits gave no answer');
  tenant.granted += amount;
}

const sessionSeconds = 3_600;

/** A session of this user, renewed in time, signed as Supabase Auth does with a shared secret. */
function createSession(userId: string, secret: string): () => string {
  let token = '';
  let renewAtMs = 0;
  return () => {
    if (Date.now() < renewAtMs) return token;
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      sub: userId,
      email: `${userId}@customer.test`,
      aud: 'authenticated',
      role: 'authenticated',
      iat: now,
    };
    const body = [
      { alg: 'HS256', typ: 'JWT' },
      { ...claims, exp: now + sessionSeconds },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    token = `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
    renewAtMs = Date.now() + 500 * sessionSeconds;
    return token;
  };
}
