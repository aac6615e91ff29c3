import { creditPack } from '@base/shared/contracts/billing';
import { page } from '@base/shared/contracts/wire';
import { endpoint, ok } from '../../http/endpoint.ts';

export const listCreditPacks = endpoint({
  method: 'get',
  path: '/credit-packs',
  tag: 'plans',
  summary: 'Credit packs with prices',
  description: 'Credits of a pack last; they are spent after those of the plan.',
  access: 'public',
  responses: { 200: { description: 'All packs, from small to large.', body: page(creditPack) } },
  async handle({ deps }) {
    const rows = await deps.db
      .selectFrom('credit_packs')
      .select(['id', 'name', 'credits', 'price_cents'])
      .where('is_active', '=', true)
      .orderBy('sort_order')
      .execute();
    const data = rows.map((row) => ({ ...row, object: 'credit_pack' as const, currency: 'BRL' as const }));
    return ok({ data, has_more: false, next_cursor: null });
  },
});
