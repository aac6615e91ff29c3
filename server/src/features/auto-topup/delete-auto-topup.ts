import { endpoint, noContent } from '../../http/endpoint.ts';

export const deleteAutoTopup = endpoint({
  method: 'delete',
  path: '/billing/auto-topup',
  tag: 'billing',
  summary: 'Remove the automatic top-up',
  description: 'A purchase that is under way is not called back.',
  access: 'billing:write',
  responses: { 204: { description: 'There is none any more.' } },
  async handle({ principal, writer }) {
    await writer.db.deleteFrom('auto_topups').where('organization_id', '=', principal.organizationId).execute();
    return noContent();
  },
});
