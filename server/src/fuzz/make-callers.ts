import { randomUUID } from 'node:crypto';
import { makeApiKey } from '@base/shared/crypto/api-key';
import type { Database } from '@base/shared/db/database';
import { addKeys, addPeople, signSession, type Tenant } from './make-tenant.ts';
import type { Caller, CallerGroup, World } from './world.ts';

export interface CallerDeps {
  pool: Database['pool'];
  jwtSecret: string;
  /** How many requests the run sends. */
  requests: number;
}

/** A person may send 300 requests a minute; a group of them shares the run so that nobody comes near that. */
const requestsPerPerson = 150;
const leaversCount = 40;

/** Everybody who calls: the people and keys of the house, one of another tenant, and all kinds of impostors. */
export async function makeCallers(
  { house, stranger, guests }: Record<'house' | 'stranger' | 'guests', Tenant>,
  deps: CallerDeps,
): Promise<Pick<World, 'groups' | 'leavers'>> {
  const people = async (tenant: Tenant, role: string, share: number): Promise<CallerGroup> => {
    const count = Math.max(2, Math.ceil((deps.requests * share) / requestsPerPerson));
    const made = await addPeople(deps.pool, tenant.organizationId, { role, count, jwtSecret: deps.jwtSecret });
    const kind = tenant === house ? role : 'stranger';
    const callers = made.map(({ token }) => ({ kind, headers: bearer(token), isOfHouse: tenant === house }));
    return { share, callers };
  };
  const impostors = await makeImpostors(house, deps);
  const leaving = await addPeople(deps.pool, guests.organizationId, {
    ...{ role: 'member', count: leaversCount, jwtSecret: deps.jwtSecret },
  });
  const leavers = leaving.map(({ token }) => ({ kind: 'guest', headers: bearer(token), isOfHouse: false }));
  const groups = [
    await people(house, 'admin', 0.27),
    await people(house, 'manager', 0.05),
    await people(house, 'member', 0.1),
    await people(house, 'viewer', 0.07),
    await people(stranger, 'admin', 0.1),
    ...(await makeKeyCallers(house, deps)),
    { share: 0.06, callers: [{ kind: 'nobody', headers: [], isOfHouse: false }] },
    { share: 0.08, callers: impostors },
  ];
  return { groups, leavers: [...leavers, ...impostors] };
}

async function makeKeyCallers(house: Tenant, deps: CallerDeps): Promise<CallerGroup[]> {
  const [owner] = await addPeople(deps.pool, house.organizationId, {
    role: 'admin',
    count: 1,
    jwtSecret: deps.jwtSecret,
  });
  const made = await addKeys(deps.pool, { organizationId: house.organizationId, userId: owner?.id ?? '' }, [
    { name: 'fuzz', scopes: ['read'] },
    { name: 'fuzz', scopes: ['read', 'write'] },
    { name: 'fuzz', scopes: ['read', 'write', 'admin'] },
  ]);
  const kinds = ['key read', 'key write', 'key admin'];
  const shares = [0.06, 0.12, 0.09];
  return made.map(({ key }, index) => {
    const kind = kinds[index] ?? 'key';
    const callers: Caller[] = [
      { kind, headers: bearer(key), isOfHouse: true },
      { kind, headers: [['X-API-Key', key]], isOfHouse: true },
    ];
    return { share: shares[index] ?? 0, callers };
  });
}

async function makeImpostors(house: Tenant, deps: CallerDeps): Promise<Caller[]> {
  const { pool, jwtSecret } = deps;
  const [person] = await addPeople(pool, house.organizationId, { role: 'admin', count: 1, jwtSecret });
  const { id = '', email = '' } = person ?? {};
  const keys = await addKeys(pool, { organizationId: house.organizationId, userId: id }, [
    { name: 'expired', scopes: ['admin'], isExpired: true },
    { name: 'revoked', scopes: ['admin'], isRevoked: true },
  ]);
  const claims = { sub: id, email };
  const past = Math.floor(Date.now() / 1000) - 7_200;
  const tokens = [
    signSession({ ...claims, iat: past, exp: past + 3_600 }, jwtSecret),
    signSession(claims, 'a secret that nobody has agreed on, long enough'),
    signSession({ ...claims, sub: randomUUID(), role: 'service_role' }, 'another secret that nobody has agreed on'),
    signSession({ ...claims, aud: 'anon', role: 'anon' }, jwtSecret),
    signSession({ ...claims, sub: "' or '1'='1" }, jwtSecret),
    signSession({ sub: '../../etc', aud: ['authenticated', 'x'] }, jwtSecret),
    withoutSignature(claims),
    `${signSession(claims, jwtSecret).slice(0, -4)}AAAA`,
    ...keys.map(({ key }) => key),
    ...strangersTokens(),
  ];
  return tokens.map((token) => ({ kind: 'impostor', headers: bearer(token), isOfHouse: false }));
}

/** What somebody without any secret can send. */
export function strangersTokens(): string[] {
  return [
    makeApiKey(),
    `${makeApiKey().slice(0, -1)}_`,
    'base_live_',
    'garbage',
    'eyJhbGciOiJIUzI1NiJ9.e30.',
    'a.b.c',
    'null',
    `eyJ${'A'.repeat(6_000)}`,
  ];
}

function withoutSignature(claims: Record<string, unknown>): string {
  const now = Math.floor(Date.now() / 1000);
  const parts = [
    { alg: 'none', typ: 'JWT' },
    { aud: 'authenticated', role: 'authenticated', iat: now, exp: now + 3_600, ...claims },
  ];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
}

function bearer(token: string): Caller['headers'] {
  return [['Authorization', `Bearer ${token}`]];
}
