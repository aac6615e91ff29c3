import { expect, it } from 'vitest';
import { isAllowed, mayGrantScopes, permissions } from './permissions.ts';

it('lets nobody hand out more than they may do themselves', () => {
  expect(mayGrantScopes(['admin'], { role: 'admin', scopes: null })).toBe(true);
  expect(mayGrantScopes(['admin'], { role: 'manager', scopes: null })).toBe(false);
  expect(mayGrantScopes(['read', 'write'], { role: 'manager', scopes: null })).toBe(true);
  expect(mayGrantScopes(['write'], { role: 'viewer', scopes: null })).toBe(false);
  expect(mayGrantScopes(['admin'], { role: 'admin', scopes: ['write'] })).toBe(false);
});

it('keeps viewers from changing anything but themselves', () => {
  const allowed = Object.keys(permissions).filter(
    (name) => isAllowed(name as keyof typeof permissions, { role: 'viewer', scopes: null }), // the keys of the table
  );
  const changing = allowed.filter((name) => !name.endsWith(':read'));
  expect(changing.sort()).toEqual(['invitations:accept', 'me:write', 'organization:leave']);
});
