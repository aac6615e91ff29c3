import { apiKey } from '@base/shared/contracts/accounts';
import { page, pageQuery } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { selectApiKeys } from './find-api-key.ts';
import { presentApiKey } from './present-api-key.ts';

export const listApiKeys = endpoint({
  method: 'get',
  path: '/api-keys',
  tag: 'api keys',
  summary: 'The organization’s keys, newest first, revoked ones too',
  access: 'api_keys:read',
  query: pageQuery,
  responses: { 200: { description: 'A page of keys.', body: page(apiKey) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let keys = selectApiKeys(deps.db, principal);
    if (below !== null) keys = keys.where('id', '<', below);
    const rows = await keys.orderBy('id', 'desc').limit(take).execute();
    return ok(presentPage(rows, query.limit, presentApiKey));
  },
});
