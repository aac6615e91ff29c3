import type { Differences } from './differences.ts';
import type { ClaimFact, GatewayFacts, GatewayName, PaymentFact } from './facts.ts';
import type { World } from './start-world.ts';
import type { Subscriber } from './subscriber.ts';

// How the model learns when BASE took note of something. After each step of BASE's work the rows that it has written since are
// looked up for their ids and their order; everything else about them is read at the gateway, and BASE's figures are
// compared with that. Within one step nothing happens at the gateways but what BASE itself does there.

interface PaymentRow {
  organization_id: string;
  gateway: GatewayName;
  gateway_payment_id: string;
  amount_cents: string | number;
  credits: string | number;
  at: string;
}

interface ClaimRow {
  gateway: GatewayName;
  claim_id: string;
  organization_id: string;
  payment: string;
  amount_cents: string | number;
  is_active: boolean;
}

interface MoveRow {
  organization_id: string;
  payment: string;
  credits: number;
  at: string;
}

interface SubscriptionRow {
  organization_id: string;
  gateway: GatewayName;
  gateway_id: string;
}

type Arrival = { at: string } & ({ payment: PaymentRow } | { move: MoveRow });

export interface ObserverDeps {
  world: World;
  facts: ReadonlyMap<GatewayName, GatewayFacts>;
  subscribers: ReadonlyMap<string, Subscriber>;
  differences: Differences;
}

export class Observer {
  readonly #deps: ObserverDeps;
  /** Postgres' own moment of the last look, to the microsecond. */
  #since = '-infinity';

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
  }

  /** Tells the books what has arrived since the last look. */
  async look(): Promise<void> {
    const { pool } = this.#deps.world;
    const since = this.#since;
    const { rows } = await pool.query<{ now: string; is_news: boolean }>(
      `select clock_timestamp()::text as now, exists (select from payments where created_at > $1)
         or exists (select from payment_claims where as_of > $1) or exists (select from subscriptions where as_of > $1) as is_news`,
      [since],
    );
    this.#since = rows[0]?.now ?? since;
    if (rows[0]?.is_news !== true) return;
    const [payments, claims, moves, subscriptions] = await Promise.all([
      pool.query<PaymentRow>(
        `select organization_id, gateway, gateway_payment_id, amount_cents, credits, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US') as at
         from payments where created_at > $1`,
        [since],
      ),
      pool.query<ClaimRow>(
        `select c.gateway, c.claim_id, c.organization_id, p.gateway_payment_id as payment, c.amount_cents, c.is_active
         from payment_claims c join payments p on p.id = c.payment_id where c.as_of > $1 order by c.as_of`,
        [since],
      ),
      pool.query<MoveRow>(
        `select e.organization_id, p.gateway_payment_id as payment, to_char(e.created_at, 'YYYY-MM-DD HH24:MI:SS.US') as at,
           (e.data ->> 'credits')::int * case e.type when 'credits.returned' then -1 else 1 end as credits
         from events e join payments p on p.id = e.resource_id
         where e.type in ('credits.taken_back', 'credits.returned') and e.created_at > $1`,
        [since],
      ),
      pool.query<SubscriptionRow>(
        'select organization_id, gateway, gateway_id from subscriptions where as_of > $1 order by as_of, created_at',
        [since],
      ),
    ]);
    for (const row of subscriptions.rows) await this.#noteSubscription(row);
    await this.#noteMoney(payments.rows, claims.rows, moves.rows);
  }

  async #noteSubscription({ organization_id, gateway, gateway_id: id }: SubscriptionRow): Promise<void> {
    const { subscribers, world, differences } = this.#deps;
    const subscriber = subscribers.get(organization_id);
    const fact = await this.#facts(gateway).subscription(id);
    if (subscriber === undefined || fact === null) {
      differences.add(organization_id, `a subscription ${id} that the gateway does not have`, 'none', id);
      return;
    }
    this.#own(subscriber, fact.customer, id);
    subscriber.books.noteSubscription(fact, world.clock.nowMs());
  }

  async #noteMoney(payments: PaymentRow[], claims: ClaimRow[], moves: MoveRow[]): Promise<void> {
    const arrivals: Arrival[] = [
      ...payments.map((payment) => ({ at: payment.at, payment })),
      ...moves.map((move) => ({ at: move.at, move })),
    ];
    const open = new Set<ClaimRow>(claims);
    for (const arrival of arrivals.toSorted((a, b) => (a.at < b.at ? -1 : 1))) {
      if ('payment' in arrival) await this.#notePayment(arrival.payment);
      else await this.#noteMove(arrival.move, open);
    }
    // What is left moved no credits, in BASE; the books say whether that is right.
    for (const row of open) await this.#noteClaim(row);
  }

  async #notePayment(row: PaymentRow): Promise<void> {
    const { subscribers, differences } = this.#deps;
    const { organization_id: organizationId, gateway_payment_id: id } = row;
    const fact = await this.#facts(row.gateway)
      .payment(id)
      .catch(() => null);
    const subscriber = subscribers.get(organizationId);
    if (fact === null || subscriber === undefined) {
      differences.add(organizationId, `payment ${id}`, 'not paid at the gateway', `${row.credits} credits`);
      return;
    }
    this.#own(subscriber, fact.customer, id);
    differences.compare(organizationId, `cents of ${id}`, fact.cents, Number(row.amount_cents));
    differences.compare(organizationId, `credits of ${id}`, creditsOf(fact), Number(row.credits));
    subscriber.books.notePayment(fact);
  }

  /** Several claims of one payment may have changed: the one is meant that moves as many credits. */
  async #noteMove(move: MoveRow, open: Set<ClaimRow>): Promise<void> {
    const { subscribers, differences } = this.#deps;
    const candidates = [...open].filter(({ payment }) => payment === move.payment);
    const books = subscribers.get(move.organization_id)?.books;
    for (const row of candidates) {
      const fact = await this.#readClaim(row);
      if (books?.weighClaim(row.payment, row.claim_id, fact) !== move.credits) continue;
      open.delete(row);
      books.noteClaim(row.payment, row.claim_id, fact);
      return;
    }
    if (candidates.length === 0) {
      differences.add(move.organization_id, `credits taken of ${move.payment}`, 0, move.credits);
    }
  }

  async #noteClaim(row: ClaimRow): Promise<void> {
    const fact = await this.#readClaim(row);
    this.#deps.subscribers.get(row.organization_id)?.books.noteClaim(row.payment, row.claim_id, fact);
  }

  async #readClaim(row: ClaimRow): Promise<ClaimFact> {
    const { differences } = this.#deps;
    const fact = await this.#facts(row.gateway).claim(row.claim_id);
    const { organization_id: organizationId, claim_id: id } = row;
    differences.compare(organizationId, `whether ${id} counts`, String(fact.isActive), String(row.is_active));
    if (fact.isActive) differences.compare(organizationId, `cents of ${id}`, fact.cents, Number(row.amount_cents));
    return fact;
  }

  #own(subscriber: Subscriber, customer: string, what: string): void {
    if (subscriber.customers.has(customer)) return;
    this.#deps.differences.add(subscriber.organizationId, `whose ${what} is`, 'somebody else’s', 'its own');
  }

  #facts(gateway: GatewayName): GatewayFacts {
    const facts = this.#deps.facts.get(gateway);
    if (facts === undefined) throw new Error(`nothing is known of the gateway ${gateway}`);
    return facts;
  }
}

export function creditsOf(fact: PaymentFact): number {
  return fact.lots.reduce((sum, { credits }) => sum + credits, 0);
}
