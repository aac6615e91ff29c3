import type { Statements } from '../queryable.ts';
import type { CheckoutRow, Gateway } from './billing.ts';

/** An order as the gateway has it. */
export interface CheckoutAtGateway {
  gatewayId: string;
  url: string | null;
  instructions: Record<string, unknown> | null;
  expiresAt: Date;
}

const asRow = 'to_jsonb(c) as checkout';

/** Writes down where an order can be paid. One that has ended meanwhile stays as it is. */
export async function storeCheckout(db: Statements, id: string, made: CheckoutAtGateway): Promise<CheckoutRow | null> {
  const { rows } = await db.query<{ checkout: CheckoutRow }>(
    `update public.checkouts c set status = case c.status when 'creating' then 'open' else c.status end, creating_until = null,
       gateway_id = $2, url = $3, instructions = $4, expires_at = $5
     where c.id = $1 and c.status in ('creating', 'open') and coalesce(c.gateway_id, $2) = $2 returning ${asRow}`,
    [id, made.gatewayId, made.url, made.instructions, made.expiresAt],
  );
  return rows[0]?.checkout ?? null;
}

/** Lets the next request try at once, after this one could not. */
export async function releaseCheckout(db: Statements, id: string): Promise<void> {
  await db.query(
    `update public.checkouts set creating_until = null where id = $1 and status = 'creating' and creating_until is not null`,
    [id],
  );
}

/** Ends an order; one that has been completed stays so. */
export async function endCheckout(
  db: Statements,
  id: string,
  end: 'completed' | 'expired' | 'failed',
  gatewayId: string | null,
): Promise<void> {
  await db.query(
    `update public.checkouts c set status = $2::public.checkout_status, gateway_id = coalesce(c.gateway_id, $3), creating_until = null,
       completed_at = case when $2 = 'completed' then clock_timestamp() end
     where c.id = $1 and c.status <> 'completed' and c.status <> $2::public.checkout_status`,
    [id, end, gatewayId],
  );
}

export async function findCheckout(db: Statements, gateway: Gateway, id: string): Promise<CheckoutRow | null> {
  const { rows } = await db.query<{ checkout: CheckoutRow }>(
    `select ${asRow} from public.checkouts c where c.id = $1 and c.gateway = $2`,
    [id, gateway],
  );
  return rows[0]?.checkout ?? null;
}

/** Orders that should have ended at their gateway by `before` and nobody has told us. */
export async function findOverdueCheckouts(db: Statements, before: Date, limit: number): Promise<CheckoutRow[]> {
  const { rows } = await db.query<{ checkout: CheckoutRow }>(
    `select ${asRow} from public.checkouts c where c.status in ('creating', 'open') and c.expires_at < $1 order by c.expires_at limit $2`,
    [before, limit],
  );
  return rows.map(({ checkout }) => checkout);
}
