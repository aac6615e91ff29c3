import { me } from '@base/shared/contracts/accounts';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentMe } from './present-me.ts';

export const getMe = endpoint({
  method: 'get',
  path: '/me',
  tag: 'me',
  summary: 'Who is calling',
  description: 'With an API key: the person who made it.',
  access: 'me:read',
  responses: { 200: { description: 'The person.', body: me } },
  handle: async ({ deps, principal }) => ok(await presentMe(deps.db, principal)),
});
