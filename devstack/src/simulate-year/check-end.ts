import type { Differences } from './differences.ts';
import type { GatewayFacts, GatewayHistory, GatewayName } from './facts.ts';
import type { Network } from './network.ts';
import { creditsOf } from './observe.ts';
import type { World } from './start-world.ts';
import type { Subscriber } from './subscriber.ts';

export interface EndFigures {
  payments: number;
  claims: number;
  /** Subscriptions that gave way to a newer one. */
  replaced: number;
  credits: { granted: number; spent: number; expired: number; takenBack: number; returned: number; owed: number };
  /** Of the lost events, those that reconciliation has put into the inbox. */
  lostFound: number;
}

export interface EndDeps {
  world: World;
  network: Network;
  facts: ReadonlyMap<GatewayName, GatewayFacts>;
  subscribers: ReadonlyMap<string, Subscriber>;
  differences: Differences;
}

/** Compares all that the gateways have to show for the run with what has arrived, and BASE's own books with themselves. */
export async function checkEnd(deps: EndDeps): Promise<EndFigures> {
  const { facts, subscribers, differences, world } = deps;
  const owners = new Map<string, Subscriber>();
  for (const subscriber of subscribers.values()) {
    for (const customer of subscriber.customers) owners.set(customer, subscriber);
  }
  for (const gateway of facts.values()) {
    const history = await gateway.history();
    checkPayments(history, owners, differences);
    checkClaims(history, subscribers, differences);
    checkSubscriptions(history, owners, differences);
  }
  await checkOneEach(deps);
  await checkTaken(deps);
  const { rows } = await world.pool.query('select * from public.verify_ledger()');
  for (const row of rows) differences.add('', 'verify_ledger', 'nothing', JSON.stringify(row));
  const inbox = await world.pool.query<{ status: string; type: string; last_error: string | null }>(
    `select status, type, last_error from payment_events where status in ('received', 'parked')`,
  );
  for (const row of inbox.rows) differences.add('', 'inbox', 'empty', JSON.stringify(row));
  return { ...countAll(subscribers), lostFound: await checkLost(deps) };
}

function checkPayments(
  history: GatewayHistory,
  owners: ReadonlyMap<string, Subscriber>,
  differences: Differences,
): void {
  for (const fact of history.payments) {
    const owner = owners.get(fact.customer);
    const known = owner?.books.payments.get(fact.id);
    if (known === undefined) {
      const id = owner?.organizationId ?? fact.customer;
      differences.add(id, `payment ${fact.id} of ${fact.cents} cents`, `${creditsOf(fact)} credits`, 'never arrived');
    }
  }
}

function checkClaims(
  history: GatewayHistory,
  subscribers: ReadonlyMap<string, Subscriber>,
  differences: Differences,
): void {
  const byRefundable = new Map(
    [...subscribers.values()].flatMap(({ organizationId, books }) =>
      [...books.payments.values()].map((note) => [note.fact.refundable, { organizationId, note }] as const),
    ),
  );
  for (const { id, refundable, cents, isActive } of history.claims) {
    const found = byRefundable.get(refundable);
    const known = found?.note.claims.get(id);
    const organizationId = found?.organizationId ?? refundable;
    if (known === undefined) differences.add(organizationId, `claim ${id} of ${cents} cents`, 'noted', 'never arrived');
    else {
      differences.compare(organizationId, `whether ${id} counts`, String(isActive), String(known.isActive));
      if (isActive) differences.compare(organizationId, `cents of ${id}`, cents, known.cents);
    }
  }
}

/** What lives at a gateway is what was heard of it last, and nobody has two. */
function checkSubscriptions(
  history: GatewayHistory,
  owners: ReadonlyMap<string, Subscriber>,
  differences: Differences,
): void {
  for (const fact of history.subscriptions) {
    const owner = owners.get(fact.customer);
    const id = owner?.organizationId ?? fact.customer;
    const known = owner?.books.subscriptions.get(fact.id);
    if (known === undefined) {
      if (fact.status !== 'canceled') differences.add(id, `subscription ${fact.id}`, fact.status, 'never heard of');
      continue;
    }
    differences.compare(id, `status of ${fact.id}`, fact.status, known.fact.status);
    if (fact.status === 'canceled') continue;
    if (known.isReplaced) differences.add(id, `replaced subscription ${fact.id}`, 'canceled', fact.status);
    differences.compare(id, `plan of ${fact.id}`, fact.plan, known.fact.plan);
    differences.compare(id, `end of the period of ${fact.id}`, fact.periodEnd, known.fact.periodEnd);
    differences.compare(id, `whether ${fact.id} ends`, String(fact.isEnding), String(known.fact.isEnding));
  }
}

interface LiveRow {
  id: string;
  live: string[];
}

async function checkOneEach({ world, subscribers, differences }: EndDeps): Promise<void> {
  const { rows } = await world.pool.query<LiveRow>(
    `select o.id, coalesce(array_agg(s.gateway_id) filter (where s.status <> 'canceled'), '{}') as live
     from organizations o left join subscriptions s on s.organization_id = o.id group by o.id`,
  );
  for (const { id, live } of rows) {
    const books = subscribers.get(id)?.books;
    const atGateways = [...(books?.subscriptions.values() ?? [])].filter(({ fact }) => fact.status !== 'canceled');
    if (atGateways.length > 1) differences.add(id, 'live subscriptions at gateways', 'one at most', atGateways.length);
    differences.compare(id, 'live subscription', books?.live?.fact.id ?? 'none', live.join(' and ') || 'none');
  }
}

async function checkTaken({ world, subscribers, differences }: EndDeps): Promise<void> {
  const { rows } = await world.pool.query<{ organization_id: string; id: string; taken: string | number }>(
    'select organization_id, gateway_payment_id as id, credits_taken as taken from payments',
  );
  for (const { organization_id: organizationId, id, taken } of rows) {
    const note = subscribers.get(organizationId)?.books.payments.get(id);
    differences.compare(organizationId, `credits taken of ${id}`, note?.taken ?? 'no such payment', Number(taken));
  }
}

/**
 * Stripe lists its events, so each one that was lost must have been found. Asaas lists payments only: that all of them have
 * arrived as they are is what shows there that nothing is missing.
 */
async function checkLost({ world, network, differences }: EndDeps): Promise<number> {
  const ids = network.lost.filter(({ gateway }) => gateway === 'stripe').map(({ id }) => id);
  const { rows } = await world.pool.query<{ id: string; is_there: boolean }>(
    `select l.id, exists (select from payment_events e where e.gateway = 'stripe' and e.event_id = l.id) as is_there from unnest($1::text[]) l (id)`,
    [ids],
  );
  for (const { id } of rows.filter((row) => !row.is_there))
    differences.add('', `lost event ${id}`, 'found', 'still lost');
  return rows.filter((row) => row.is_there).length;
}

function countAll(subscribers: ReadonlyMap<string, Subscriber>): Omit<EndFigures, 'lostFound'> {
  const books = [...subscribers.values()].map((subscriber) => subscriber.books);
  const total = (of: (one: (typeof books)[number]) => number): number => books.reduce((sum, one) => sum + of(one), 0);
  return {
    payments: total(({ payments }) => payments.size),
    claims: total(({ payments }) => [...payments.values()].reduce((sum, { claims }) => sum + claims.size, 0)),
    replaced: total(({ subscriptions }) => [...subscriptions.values()].filter(({ isReplaced }) => isReplaced).length),
    credits: {
      granted: total(({ totals }) => totals.granted),
      spent: total(({ totals }) => totals.spent),
      expired: total(({ totals }) => totals.expired),
      takenBack: total(({ totals }) => totals.takenBack),
      returned: total(({ totals }) => totals.returned),
      owed: total(({ debt }) => debt),
    },
  };
}
