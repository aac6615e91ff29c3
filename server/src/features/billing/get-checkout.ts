import { checkout } from '@base/shared/contracts/billing';
import { id } from '@base/shared/contracts/wire';
import type { CheckoutRow } from '@base/shared/db/queries/billing';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentCheckout } from './present-checkout.ts';

export const getCheckout = endpoint({
  method: 'get',
  path: '/billing/checkouts/:id',
  tag: 'billing',
  summary: 'What has become of an order',
  access: 'billing:read',
  params: z.strictObject({ id }),
  responses: { 200: { description: 'The order.', body: checkout } },
  errors: ['not_found'],
  async handle({ params, deps, principal }) {
    const { rows } = await deps.pool.query<{ checkout: CheckoutRow }>(
      'select to_jsonb(c) as checkout from public.checkouts c where c.id = $1 and c.organization_id = $2',
      [params.id, principal.organizationId],
    );
    const [found] = rows;
    if (found === undefined) throw new ApiError('not_found');
    return ok(presentCheckout(found.checkout));
  },
});
