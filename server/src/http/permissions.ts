import type { Role, Scope } from '@base/shared/contracts/accounts';

const everyone = ['super_admin', 'admin', 'manager', 'member', 'viewer'] as const;
const makers = ['super_admin', 'admin', 'manager', 'member'] as const;
const managers = ['super_admin', 'admin', 'manager'] as const;
const admins = ['super_admin', 'admin'] as const;

interface Rule {
  roles: readonly Role[];
  /** The least scope an API key needs; null: keys may not, only signed-in people. */
  scope: Scope | null;
}

/**
 * Who may do what: the one table that code, documentation and tests use. A person needs one of the roles; a key needs
 * the scope, and its creator must still have the role, so that a key never outlives the rights behind it.
 */
export const permissions = {
  'me:read': { roles: everyone, scope: 'read' },
  'me:write': { roles: everyone, scope: null },
  'organization:read': { roles: everyone, scope: 'read' },
  'organization:write': { roles: admins, scope: 'admin' },
  'organization:transfer': { roles: admins, scope: null },
  'organization:delete': { roles: admins, scope: null },
  'organization:leave': { roles: everyone, scope: null },
  'members:read': { roles: everyone, scope: 'read' },
  'members:write': { roles: managers, scope: 'admin' },
  'invitations:read': { roles: makers, scope: 'admin' },
  'invitations:write': { roles: makers, scope: 'admin' },
  'invitations:approve': { roles: managers, scope: 'admin' },
  'invitations:accept': { roles: everyone, scope: null },
  'api_keys:read': { roles: managers, scope: 'admin' },
  'api_keys:write': { roles: managers, scope: 'admin' },
  'provider_keys:read': { roles: managers, scope: 'admin' },
  'provider_keys:write': { roles: admins, scope: 'admin' },
  'events:read': { roles: everyone, scope: 'read' },
  'webhooks:read': { roles: managers, scope: 'admin' },
  'webhooks:write': { roles: managers, scope: 'admin' },
  'audit_logs:read': { roles: admins, scope: 'admin' },
  'models:read': { roles: everyone, scope: 'read' },
  'jobs:read': { roles: everyone, scope: 'read' },
  'jobs:write': { roles: makers, scope: 'write' },
  'generations:read': { roles: everyone, scope: 'read' },
  'generations:write': { roles: makers, scope: 'write' },
  'credits:read': { roles: everyone, scope: 'read' },
  'billing:read': { roles: managers, scope: 'admin' },
  'billing:write': { roles: admins, scope: null },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof permissions;

const scopeRank: Record<Scope, number> = { read: 1, write: 2, admin: 3 };
const roleScope: Record<Role, Scope> = {
  super_admin: 'admin',
  admin: 'admin',
  manager: 'write',
  member: 'write',
  viewer: 'read',
};

/** What a permission is decided on. */
export interface Grants {
  role: Role;
  /** The scopes of the API key; null for a person. */
  scopes: readonly Scope[] | null;
}

/** Whether the permission is granted. */
export function isAllowed(permission: Permission, grants: Grants): boolean {
  const rule: Rule = permissions[permission];
  if (!rule.roles.includes(grants.role)) return false;
  if (grants.scopes === null) return true;
  if (rule.scope === null) return false;
  return rankOf(grants.scopes) >= scopeRank[rule.scope];
}

/** Whether someone with these grants may hand out (or touch a key that has) all of the scopes. */
export function mayGrantScopes(scopes: readonly Scope[], grants: Grants): boolean {
  const own = grants.scopes === null ? 3 : rankOf(grants.scopes);
  const highest = Math.min(own, scopeRank[roleScope[grants.role]]);
  return rankOf(scopes) <= highest;
}

/** One sentence for the documentation. */
export function describePermission(permission: Permission): string {
  const rule: Rule = permissions[permission];
  const key = rule.scope === null ? 'API keys may not.' : `API keys need the scope \`${rule.scope}\`.`;
  return `Needs \`${permission}\`: ${rule.roles.filter((role) => role !== 'super_admin').join(', ')}. ${key}`;
}

function rankOf(scopes: readonly Scope[]): number {
  return Math.max(0, ...scopes.map((scope) => scopeRank[scope]));
}
