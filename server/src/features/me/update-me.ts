import { me, updateMeBody } from '@base/shared/contracts/accounts';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentMe } from './present-me.ts';

export const updateMe = endpoint({
  method: 'patch',
  path: '/me',
  tag: 'me',
  summary: 'Change your profile and preferences',
  access: 'me:write',
  body: updateMeBody,
  responses: { 200: { description: 'The person as changed.', body: me } },
  async handle({ body, deps, principal, writer }) {
    const { preferences, ...profile } = body;
    await writer.db
      .updateTable('users')
      // Fields left out are undefined, and undefined is not written.
      .set({ ...profile, ...preferences, updated_at: new Date() })
      .where('id', '=', principal.userId)
      .where('organization_id', '=', principal.organizationId)
      .execute();
    return ok(await presentMe(deps.db, principal));
  },
});
