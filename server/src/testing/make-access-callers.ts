import { type Role, roles, type Scope, scopes } from '@base/shared/contracts/accounts';
import { makeApiKey } from '@base/shared/crypto/api-key';
import { addKeys, addPeople, makeTenant, type Person, type Tenant } from '../fuzz/make-tenant.ts';
import { jwtSecret, type TestApi } from './start-api.ts';

/** Somebody who knocks: with whose role and which scopes, or why nobody with these credentials gets in. */
export interface AccessCaller {
  token: string | null;
  grants: { role: Role; scope: Scope | null } | null;
  refusal: { status: number; code: string } | null;
}

/** The names of `makeAccessCallers`, known before anything is made, so that each can have a test. */
export const accessCallerNames = [
  'nobody',
  ...roles,
  ...scopes.map((scope) => `a key with ${scope}`),
  'an admin key of somebody who is a viewer by now',
  'an expired key',
  'a revoked key',
  'a key that does not exist',
  'a key whose maker was deactivated',
  'a key whose maker was removed',
  'a key whose maker has left for another organization',
  'a deactivated admin',
  'a removed admin',
  'an admin of an organization switched off',
  'a key of an organization switched off',
] as const;
type AccessCallerName = (typeof accessCallerNames)[number];

const unauthenticated = { status: 401, code: 'unauthenticated' };
const accountInactive = { status: 403, code: 'account_inactive' };
const organizationInactive = { status: 403, code: 'organization_inactive' };

/** Everybody who might call, by name; the admin is the one who owns the house. */
export async function makeAccessCallers(
  api: TestApi,
  house: Tenant & { admin: Person },
): Promise<ReadonlyMap<string, AccessCaller>> {
  const { pool } = api.deps;
  const secret = jwtSecret();
  const addPerson = async (role: Role, organizationId = house.organizationId): Promise<Person> => {
    const [person] = await addPeople(pool, organizationId, { role, count: 1, jwtSecret: secret });
    if (person === undefined) throw new Error('nobody was added');
    return person;
  };
  const addKey = async (userId: string, fields: { scope?: Scope; isExpired?: boolean; isRevoked?: boolean } = {}) => {
    const { scope = 'admin', ...rest } = fields;
    const owner = { organizationId: house.organizationId, userId };
    const [made] = await addKeys(pool, owner, [{ name: 'access', scopes: [scope], ...rest }]);
    return made?.key ?? '';
  };
  const callers = new Map<AccessCallerName, AccessCaller>();
  const admit = (name: AccessCallerName, token: string, role: Role, scope: Scope | null = null) =>
    callers.set(name, { token, grants: { role, scope }, refusal: null });
  const refuse = (name: AccessCallerName, token: string | null, refusal: AccessCaller['refusal']) =>
    callers.set(name, { token, grants: null, refusal });

  refuse('nobody', null, unauthenticated);
  for (const role of roles) admit(role, (await addPerson(role)).token, role);
  const maker = house.admin.id;
  for (const scope of scopes) admit(`a key with ${scope}`, await addKey(maker, { scope }), 'admin', scope);
  const viewer = await addPerson('viewer');
  admit('an admin key of somebody who is a viewer by now', await addKey(viewer.id), 'viewer', 'admin');

  refuse('an expired key', await addKey(maker, { isExpired: true }), unauthenticated);
  refuse('a revoked key', await addKey(maker, { isRevoked: true }), unauthenticated);
  refuse('a key that does not exist', makeApiKey(), unauthenticated);
  const [deactivated, removed, elsewhere] = [
    await addPerson('admin'),
    await addPerson('admin'),
    await addPerson('admin'),
  ];
  refuse('a key whose maker was deactivated', await addKey(deactivated.id), accountInactive);
  refuse('a key whose maker was removed', await addKey(removed.id), unauthenticated);
  refuse('a key whose maker has left for another organization', await addKey(elsewhere.id), unauthenticated);
  refuse('a deactivated admin', deactivated.token, accountInactive);
  refuse('a removed admin', removed.token, accountInactive);

  const dark = await makeTenant(pool, secret);
  const [darkKey] = await addKeys(pool, { organizationId: dark.organizationId, userId: dark.admin.id }, [
    { name: 'access', scopes: ['admin'] },
  ]);
  refuse('an admin of an organization switched off', dark.admin.token, organizationInactive);
  refuse('a key of an organization switched off', darkKey?.key ?? '', organizationInactive);

  const other = await makeTenant(pool, secret);
  await pool.query('update public.users set organization_id = $2 where id = $1', [elsewhere.id, other.organizationId]);
  await pool.query('update public.users set is_active = false where id = $1', [deactivated.id]);
  await pool.query('select private.remove_user($1, $2)', [house.organizationId, removed.id]);
  await pool.query('update public.organizations set is_active = false where id = $1', [dark.organizationId]);
  return callers;
}
