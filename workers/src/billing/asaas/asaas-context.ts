import type { Asaas } from '@base/shared/gateways/asaas/client';
import type { PaymentContext } from '../gateway.ts';

export interface AsaasContext extends PaymentContext {
  asaas: Asaas;
}

/** One event that is being carried out, or what stands for it. */
export interface Occasion {
  /** The id of the payment, subscription or page that the event is about. */
  objectId: string;
  /** A moment before Asaas is asked, by Postgres's clock. */
  asOf: Date;
}

/** A moment before what is asked from now on. */
export async function readTime({ pool }: Pick<AsaasContext, 'pool'>): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now ?? new Date(0);
}
