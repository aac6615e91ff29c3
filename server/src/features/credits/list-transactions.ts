import { transaction, transactionTypes } from '@base/shared/contracts/credits';
import { page, pageQuery } from '@base/shared/contracts/wire';
import type { CreditTransactions } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';

export const listTransactions = endpoint({
  method: 'get',
  path: '/credits/transactions',
  tag: 'credits',
  summary: 'The ledger, newest first, with the balance after each entry',
  access: 'credits:read',
  query: pageQuery.extend({ type: z.enum(transactionTypes).optional() }),
  responses: { 200: { description: 'A page of entries.', body: page(transaction) } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    let entries = deps.db
      .selectFrom('credit_transactions')
      .selectAll()
      .where('organization_id', '=', principal.organizationId);
    if (below !== null) entries = entries.where('id', '<', below);
    if (query.type !== undefined) entries = entries.where('type', '=', query.type);
    const rows = await entries.orderBy('id', 'desc').limit(take).execute();
    return ok(presentPage(rows, query.limit, presentTransaction));
  },
});

function presentTransaction(row: Selectable<CreditTransactions>): z.input<typeof transaction> {
  return {
    id: row.id,
    object: 'credit_transaction',
    type: row.type,
    amount: row.amount,
    balance_after: row.balance_after,
    reference_type: row.reference_type,
    reference_id: row.reference_id,
    user_id: row.user_id,
    description: row.description,
    metadata: row.metadata as Record<string, unknown>, // only our own functions write it, and always an object
    created_at: row.created_at.toISOString(),
  };
}
