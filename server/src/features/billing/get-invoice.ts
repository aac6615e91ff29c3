import { invoice } from '@base/shared/contracts/billing';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentInvoice } from './present-invoice.ts';

export const getInvoice = endpoint({
  method: 'get',
  path: '/invoices/:id',
  tag: 'billing',
  summary: 'One invoice',
  access: 'billing:read',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The invoice.', body: invoice } },
  errors: ['not_found'],
  async handle({ params, deps, principal }) {
    const row = await deps.db
      .selectFrom('invoices')
      .selectAll()
      .where('organization_id', '=', principal.organizationId)
      .where('id', '=', params.id)
      .executeTakeFirst();
    if (row === undefined) throw new ApiError('not_found');
    return ok(presentInvoice(row));
  },
});
