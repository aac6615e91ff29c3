import { webhookEndpoint } from '@base/shared/contracts/webhooks';
import { page, pageQuery } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { selectWebhooks } from './find-webhook.ts';
import { presentWebhook } from './present-webhook.ts';

export const listWebhookEndpoints = endpoint({
  method: 'get',
  path: '/webhook-endpoints',
  tag: 'webhooks',
  summary: 'The organization’s endpoints, newest first',
  access: 'webhooks:read',
  query: pageQuery,
  responses: { 200: { description: 'A page of endpoints.', body: page(webhookEndpoint) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let webhooks = selectWebhooks(deps.db, principal);
    if (below !== null) webhooks = webhooks.where('w.id', '<', below);
    const rows = await webhooks.orderBy('w.id', 'desc').limit(take).execute();
    return ok(presentPage(rows, query.limit, presentWebhook));
  },
});
