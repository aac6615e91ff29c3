import type { gateways, invoice } from '@base/shared/contracts/billing';
import type { Invoices } from '@base/shared/db/database.types';
import type { Selectable } from 'kysely';
import type * as z from 'zod';

type Invoice = z.input<typeof invoice>;

export function presentInvoice(row: Selectable<Invoices>): Invoice {
  const at = (time: Date | null) => time?.toISOString() ?? null;
  return {
    id: row.id,
    object: 'invoice',
    // CHECK constraints leave only these.
    gateway: row.gateway as (typeof gateways)[number],
    number: row.number,
    status: row.status as Invoice['status'],
    amount_cents: row.amount_cents,
    amount_paid_cents: row.amount_paid_cents,
    currency: row.currency,
    description: row.description,
    period_start: at(row.period_start),
    period_end: at(row.period_end),
    due_at: at(row.due_at),
    paid_at: at(row.paid_at),
    url: row.hosted_url,
    pdf_url: row.pdf_url,
    issued_at: row.issued_at.toISOString(),
  };
}
