import { randomUUID } from 'node:crypto';
import type { Role } from '@base/shared/contracts/accounts';
import jwt from 'jsonwebtoken';
import { jwtSecret, type TestApi } from './start-api.ts';

export interface TestTenant {
  token: string;
  userId: string;
  organizationId: string;
}

/** A session token as Supabase Auth would sign it. */
export function signSession(claims: Record<string, unknown> = {}, secret = jwtSecret()): string {
  const now = Math.floor(Date.now() / 1000);
  const id = randomUUID();
  const whole = {
    sub: id,
    aud: 'authenticated',
    role: 'authenticated',
    email: `${id}@tenant.test`,
    iat: now,
    exp: now + 3600,
    ...claims,
  };
  return jwt.sign(JSON.parse(JSON.stringify(whole)), secret, { algorithm: 'HS256' });
}

/** A new organization with its admin, by the way everyone comes in: a first call with a new session. */
export async function makeTenant(api: TestApi, options: { plan?: string } = {}): Promise<TestTenant> {
  const userId = randomUUID();
  const token = signSession({ sub: userId });
  const { body, status } = await api.call('GET', '/api/v1/organization', { token });
  if (status !== 200) throw new Error(`no tenant: ${JSON.stringify(body)}`);
  const organizationId = String(body.id);
  if (options.plan !== undefined) {
    // Its few credits would soon be called low, and events that a test has not made would be among its own.
    const upgrade = 'update organizations set plan_id = $1, low_balance_alert = 0 where id = $2';
    await api.deps.pool.query(upgrade, [options.plan, organizationId]);
    api.deps.authenticator.forget([{ kind: 'organization', id: organizationId }]);
  }
  return { token, userId, organizationId };
}

/** Another person of the organization. */
export async function addMember(api: TestApi, tenant: TestTenant, role: Role): Promise<TestTenant> {
  const userId = randomUUID();
  await api.deps.pool.query('insert into users (id, organization_id, email, role) values ($1, $2, $3, $4)', [
    userId,
    tenant.organizationId,
    `${userId}@tenant.test`,
    role,
  ]);
  return { token: signSession({ sub: userId }), userId, organizationId: tenant.organizationId };
}

/** An API key's text. */
export async function makeKey(api: TestApi, tenant: TestTenant, fields: Record<string, unknown> = {}): Promise<string> {
  const { body, status } = await api.call('POST', '/api/v1/api-keys', {
    token: tenant.token,
    body: { name: 'test', ...fields },
  });
  if (status !== 201) throw new Error(`no key: ${JSON.stringify(body)}`);
  return String(body.key);
}
