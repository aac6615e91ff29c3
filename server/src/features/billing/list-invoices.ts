import { invoice } from '@base/shared/contracts/billing';
import { page, pageQuery } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { presentInvoice } from './present-invoice.ts';

export const listInvoices = endpoint({
  method: 'get',
  path: '/invoices',
  tag: 'billing',
  summary: 'Invoices, newest first',
  access: 'billing:read',
  query: pageQuery,
  responses: { 200: { description: 'A page of invoices.', body: page(invoice) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let invoices = deps.db.selectFrom('invoices').selectAll().where('organization_id', '=', principal.organizationId);
    if (below !== null) invoices = invoices.where('id', '<', below);
    const rows = await invoices.orderBy('id', 'desc').limit(take).execute();
    return ok(presentPage(rows, query.limit, presentInvoice));
  },
});
