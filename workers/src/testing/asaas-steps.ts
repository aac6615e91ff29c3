import { type AsaasBilling, payer } from './start-asaas.ts';
import type { Tenant } from './tenant.ts';

export interface OrderedAtAsaas {
  id: string;
  /** The payment, subscription or page. */
  gatewayId: string;
  body: Record<string, unknown>;
}

/** An order through the API. @throws Error when it is refused */
export async function order(
  billing: AsaasBilling,
  tenant: Tenant,
  wanted: Record<string, unknown>,
): Promise<OrderedAtAsaas> {
  const body = { gateway: 'asaas', customer: payer, ...wanted };
  const answer = await billing.call(tenant, 'POST', '/billing/checkout', body);
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  const id = String(answer.body.id);
  const { rows } = await billing.pool.query<{ gateway_id: string }>('select gateway_id from checkouts where id = $1', [
    id,
  ]);
  return { id, gatewayId: rows[0]?.gateway_id ?? '', body: answer.body };
}

/** The payments of a subscription that Asaas shows, the first due first. */
export async function paymentsOf(
  billing: AsaasBilling,
  subscriptionId: string,
): Promise<{ id: string; status: string; dueDate: string; value: number }[]> {
  const { data } = await billing.api('GET', `/subscriptions/${subscriptionId}/payments?limit=100`);
  const payments = data as { id: string; status: string; dueDate: string; value: number }[]; // the sandbox's own form
  return payments.toSorted((a, b) => a.dueDate.localeCompare(b.dueDate));
}

/** Pays the first payment of the subscription that is open, and lets everybody hear of it. */
export async function payNext(billing: AsaasBilling, subscriptionId: string): Promise<string> {
  const open = (await paymentsOf(billing, subscriptionId)).find(({ status }) =>
    ['PENDING', 'OVERDUE'].includes(status),
  );
  if (open === undefined) throw new Error('nothing is open');
  await billing.control('POST', `/asaas/payments/${open.id}/pay`);
  await billing.settle();
  return open.id;
}

/** A subscription by PIX whose first payment is paid. */
export async function subscribe(
  billing: AsaasBilling,
  tenant: Tenant,
  wanted: Record<string, unknown> = {},
): Promise<string> {
  const { gatewayId } = await order(billing, tenant, { plan: 'starter', method: 'pix', ...wanted });
  await payNext(billing, gatewayId);
  return gatewayId;
}

/** A pack of 5,000 credits, paid by PIX. @returns the payment's id */
export async function buyPack(billing: AsaasBilling, tenant: Tenant): Promise<string> {
  const { gatewayId } = await order(billing, tenant, { pack: 'credits-5000', method: 'pix' });
  await billing.control('POST', `/asaas/payments/${gatewayId}/pay`);
  await billing.settle();
  return gatewayId;
}

export interface Money {
  plan: string;
  available: number;
  debt: number;
  payments: number;
  status: string | null;
  cancel_at_period_end: boolean | null;
  next_plan: string | null;
  live: number;
}

/** What an organization has: credits, plan and subscription, read from the tables. */
export async function readMoney({ pool }: AsaasBilling, { organizationId }: Tenant): Promise<Money> {
  const { rows } = await pool.query<Money>(
    `select o.plan_id as plan, b.available::int, b.debt::int,
       (select count(*)::int from payments p where p.organization_id = o.id) as payments,
       s.status, s.cancel_at_period_end, s.next_plan_id as next_plan,
       (select count(*)::int from subscriptions l where l.organization_id = o.id and l.status <> 'canceled') as live
     from organizations o join credit_balances b on b.organization_id = o.id
     left join lateral (select * from subscriptions s where s.organization_id = o.id order by (s.status = 'canceled'), s.id desc limit 1) s on true
     where o.id = $1`,
    [organizationId],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('there is no such organization');
  return found;
}

/** The organization's mirrored invoices, the first due first. */
export async function readInvoices(
  { pool }: AsaasBilling,
  { organizationId }: Tenant,
): Promise<{ status: string; amount: number; paid: number; hosted_url: string | null }[]> {
  const { rows } = await pool.query(
    `select status, amount_cents::int as amount, amount_paid_cents::int as paid, hosted_url from invoices where organization_id = $1 order by due_at, id`,
    [organizationId],
  );
  return rows;
}

/** Events of the inbox that were not just carried out or ignored. */
export async function readStuck({
  pool,
}: AsaasBilling): Promise<{ type: string; status: string; last_error: string | null }[]> {
  const { rows } = await pool.query(
    `select type, status, last_error from payment_events where status in ('parked', 'received') order by received_at, event_id`,
  );
  return rows;
}

export async function checkoutStatus(billing: AsaasBilling, tenant: Tenant, id: string): Promise<unknown> {
  return (await billing.call(tenant, 'GET', `/billing/checkouts/${id}`)).body.status;
}
