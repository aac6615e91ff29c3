import { findCustomersOrganization } from '@base/shared/db/queries/gateway-records';
import type { StripeClient } from '@base/shared/gateways/stripe/client';
import * as z from 'zod';
import { type PaymentContext, UnusableEventError } from '../gateway.ts';

export interface StripeContext extends PaymentContext {
  stripe: StripeClient;
}

/** One event that is being carried out, or what stands for it. */
export interface Occasion {
  /** The id of the object that the event is about. */
  objectId: string;
  /** A moment before Stripe is asked, by Postgres's clock. */
  asOf: Date;
}

export type StripeHandler = (context: StripeContext, occasion: Occasion) => Promise<'processed' | 'ignored'>;

const uuid = z.uuid();

/** Whose it is: by our own table, and for what came before that, by what our checkout wrote there. @throws UnusableEventError */
export async function findOrganization(
  { pool }: StripeContext,
  what: { label: string; customerId: string | null; written: string | null },
): Promise<string> {
  const known = what.customerId === null ? null : await findCustomersOrganization(pool, 'stripe', what.customerId);
  const organizationId = known ?? what.written;
  if (uuid.safeParse(organizationId).success && organizationId !== null) return organizationId;
  throw new UnusableEventError(`nobody knows whose ${what.label} is`);
}

/** For what no event has brought up: a moment before Stripe is asked. */
export async function readDatabaseTime({ pool }: StripeContext): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now ?? new Date(0);
}
