import type { PaymentFact, SubscriptionFact } from './facts.ts';
import { carryOverMax, freeMonthlyCredits, graceDays, trial } from './for-sale.ts';
import { monthOf, nameOfDay } from './months.ts';

// The model: the rules of docs/decisions/0020 for one organization, in plain arithmetic.
//
// It is independent of what it checks: it imports nothing of BASE and reads none of BASE's tables. What was paid and given back it is
// told from the gateways' own API, prices from for-sale.ts, spending by the driver that did it. One thing it cannot know is
// when BASE took note of a fact, because events are late or lost on purpose, and credits that end make that matter. So it is
// told the moment, and only the moment, of each arrival; what arrived is read at the gateway at that moment. In the end
// every fact of the gateways must have arrived, once.

interface Lot {
  source: 'purchase' | 'subscription' | 'bonus' | 'adjustment' | 'refund';
  payment: string | null;
  left: number;
  endsAt: number;
}

interface PaymentNote {
  fact: PaymentFact;
  credits: number;
  endsAt: number;
  taken: number;
  claims: Map<string, { cents: number; isActive: boolean }>;
}

interface HeardSubscription {
  fact: SubscriptionFact;
  graceEndsAt: number | null;
  /** Another one took its place. */
  isReplaced: boolean;
}

export interface Totals {
  granted: number;
  spent: number;
  expired: number;
  takenBack: number;
  returned: number;
  carriedOver: number;
}

export type Admission = 'admitted' | 'credits_owed' | 'credits_on_hold' | 'insufficient_credits';

const dayMs = 86_400_000;
const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, value) => total + value, 0);

export class Books {
  readonly payments = new Map<string, PaymentNote>();
  readonly subscriptions = new Map<string, HeardSubscription>();
  readonly holds = new Map<string, number>();
  readonly totals: Totals = { granted: 0, spent: 0, expired: 0, takenBack: 0, returned: 0, carriedOver: 0 };
  plan = 'free';
  #lots: Lot[] = [];
  #debts: { payment: string; owed: number }[] = [];
  #anchor: number;
  #monthEnd: number;
  #hadTrial = false;
  readonly #carried = new Map<string, number>();
  readonly #freeMonths = new Set<string>();

  /** An account is opened with credits that are over at once. */
  constructor(openedAt: number) {
    this.#anchor = openedAt;
    this.#monthEnd = monthOf(openedAt, openedAt).end;
    this.#add({ source: 'bonus', payment: null, left: freeMonthlyCredits, endsAt: openedAt });
  }

  get balance(): number {
    return sum(this.#lots.map(({ left }) => left));
  }

  get held(): number {
    return sum(this.holds.values());
  }

  get debt(): number {
    return sum(this.#debts.map(({ owed }) => owed));
  }

  get available(): number {
    return this.balance - this.held;
  }

  get live(): HeardSubscription | undefined {
    return [...this.subscriptions.values()].find(({ fact, isReplaced }) => !isReplaced && fact.status !== 'canceled');
  }

  /** A payment that is noted twice is a fault of the caller's: BASE showed it twice. */
  notePayment(fact: PaymentFact): void {
    if (this.payments.has(fact.id)) throw new Error(`the payment ${fact.id} arrived twice`);
    const endsAt = Math.max(0, ...fact.lots.map((lot) => lot.endsAt));
    const credits = sum(fact.lots.map((lot) => lot.credits));
    this.payments.set(fact.id, { fact, credits, endsAt, taken: 0, claims: new Map() });
    for (const { credits: left, endsAt: end, source } of fact.lots) {
      this.#add({ source, payment: fact.id, left, endsAt: end });
    }
  }

  /** How many credits the claim would take (or, below 0, return) if it were noted. */
  weighClaim(paymentId: string, claimId: string, claim: { cents: number; isActive: boolean }): number {
    const payment = this.#payment(paymentId);
    const claims = new Map(payment.claims).set(claimId, claim);
    const claimed = sum([...claims.values()].filter(({ isActive }) => isActive).map(({ cents }) => cents));
    const { credits, fact, taken } = payment;
    const share = fact.cents === 0 ? 0 : (credits * Math.min(claimed, fact.cents)) / fact.cents;
    return Math.floor(share) - taken;
  }

  noteClaim(paymentId: string, claimId: string, claim: { cents: number; isActive: boolean }): void {
    const more = this.weighClaim(paymentId, claimId, claim);
    const payment = this.#payment(paymentId);
    payment.claims.set(claimId, claim);
    payment.taken += more;
    if (more > 0) this.#takeBack(paymentId, more);
    else if (more < 0) this.#giveBack(paymentId, -more, payment.endsAt);
  }

  /** What a subscription is at its gateway at the moment when BASE took note of it. */
  noteSubscription(fact: SubscriptionFact, now: number): void {
    const known = this.subscriptions.get(fact.id);
    if (known?.isReplaced) {
      known.fact = fact;
      return;
    }
    if (fact.status !== 'canceled' && this.#isOutdone(fact)) {
      this.subscriptions.set(fact.id, { fact, graceEndsAt: null, isReplaced: true });
      return;
    }
    if (fact.status !== 'canceled') {
      for (const other of this.subscriptions.values()) {
        if (other.fact.id !== fact.id && other.fact.status !== 'canceled') other.isReplaced = true;
      }
    }
    const graceEndsAt = fact.status === 'past_due' ? (known?.graceEndsAt ?? now + graceDays * dayMs) : null;
    this.subscriptions.set(fact.id, { fact, graceEndsAt, isReplaced: false });
    this.plan = this.planInForce(now);
    if (fact.trialEnd !== null && !this.#hadTrial) {
      this.#hadTrial = true;
      if (fact.plan === trial.plan) {
        this.#add({ source: 'bonus', payment: null, left: trial.credits, endsAt: fact.trialEnd });
      }
    }
    const isRunning = fact.status === 'trialing' || fact.status === 'active';
    if (isRunning && this.plan === fact.plan) this.#followPeriod(fact.periodStart, now);
  }

  noteUse(credits: number): 'debited' | 'insufficient_credits' {
    if (this.available < credits) return 'insufficient_credits';
    this.totals.spent += take(this.#inOrder(), credits);
    return 'debited';
  }

  noteOrder(job: string, credits: number): Admission {
    if (this.debt > 0) return 'credits_owed';
    if (this.available < credits) return this.balance >= credits ? 'credits_on_hold' : 'insufficient_credits';
    this.holds.set(job, credits);
    return 'admitted';
  }

  /** @param charge what the result costs; null when there is none */
  noteEnd(job: string, charge: number | null): void {
    this.holds.delete(job);
    if (charge !== null) this.totals.spent += take(this.#inOrder(), charge);
  }

  noteTime(now: number): void {
    this.#payDebts();
    this.plan = this.planInForce(now);
    if (this.#monthEnd <= now) {
      this.#expire(now);
      const month = monthOf(this.#anchor, now);
      const name = nameOfDay(month.start);
      if (this.plan === 'free' && !this.#freeMonths.has(name)) {
        this.#freeMonths.add(name);
        this.#add({ source: 'bonus', payment: null, left: freeMonthlyCredits, endsAt: month.end });
      }
      this.#monthEnd = month.end;
    }
    this.#expire(now);
    this.#payDebts();
  }

  planInForce(now: number): string {
    const inForce = [...this.subscriptions.values()].filter(
      ({ fact: { status }, isReplaced, graceEndsAt }) =>
        !isReplaced &&
        (status === 'trialing' || status === 'active' || (status === 'past_due' && (graceEndsAt ?? 0) > now)),
    );
    return inForce[0]?.fact.plan ?? 'free';
  }

  /** For reports. */
  describe(): string {
    const lots = this.#inOrder().map(({ left, source, endsAt }) => `${left} ${source} until ${nameOfDay(endsAt)}`);
    return `${lots.join(', ') || 'nothing'}; month ends ${new Date(this.#monthEnd).toISOString()}`;
  }

  #payment(id: string): PaymentNote {
    const payment = this.payments.get(id);
    if (payment === undefined) throw new Error(`money of the payment ${id} went back before it arrived`);
    return payment;
  }

  #isOutdone(fact: SubscriptionFact): boolean {
    return [...this.subscriptions.values()].some(
      ({ fact: other, isReplaced }) =>
        other.id !== fact.id &&
        !isReplaced &&
        other.status !== 'canceled' &&
        (other.startedAt > fact.startedAt || (other.startedAt === fact.startedAt && other.id > fact.id)),
    );
  }

  /** The account's months are those of the subscription; one that began on a shorter month's last day keeps its anchor. */
  #followPeriod(periodStart: number, now: number): void {
    if (monthOf(this.#anchor, periodStart).start !== periodStart) this.#anchor = periodStart;
    this.#monthEnd = monthOf(this.#anchor, Math.max(now, periodStart)).end;
  }

  #inOrder(): Lot[] {
    return this.#lots.filter(({ left }) => left > 0).sort((a, b) => (a.endsAt === b.endsAt ? 0 : a.endsAt - b.endsAt));
  }

  #add(lot: Lot): void {
    if (lot.left === 0) return;
    this.totals.granted += lot.left;
    this.#lots = [...this.#lots.filter(({ left }) => left > 0), lot];
    this.#payDebts();
  }

  #payDebts(): void {
    for (const debt of this.#debts) {
      const paid = take(this.#inOrder(), Math.min(debt.owed, Math.max(0, this.available)));
      debt.owed -= paid;
      this.totals.takenBack += paid;
    }
    this.#debts = this.#debts.filter(({ owed }) => owed > 0);
  }

  #takeBack(paymentId: string, credits: number): void {
    const now = Math.min(credits, Math.max(0, this.available));
    const own = this.#lots.filter(({ payment }) => payment === paymentId);
    take(this.#inOrder(), now - take(own, now));
    this.totals.takenBack += now;
    if (credits > now) this.#debts.push({ payment: paymentId, owed: credits - now });
  }

  #giveBack(paymentId: string, credits: number, endsAt: number): void {
    let back = credits;
    for (const debt of this.#debts.filter(({ payment }) => payment === paymentId).reverse()) {
      const part = Math.min(debt.owed, back);
      debt.owed -= part;
      back -= part;
    }
    this.totals.returned += back;
    this.#add({ source: 'refund', payment: null, left: back, endsAt });
  }

  #expire(now: number): void {
    let onHold = this.held;
    let leftOver = 0;
    for (const lot of this.#inOrder().filter(({ endsAt }) => endsAt <= now)) {
      const kept = Math.min(lot.left, onHold);
      onHold -= kept;
      this.totals.expired += lot.left - kept;
      if (lot.source === 'subscription') leftOver += lot.left - kept;
      lot.left = kept;
    }
    // A day ahead: a gateway's month and ours may end an hour apart.
    const month = monthOf(this.#anchor, now + dayMs);
    const name = nameOfDay(month.start);
    const carried = this.#carried.get(name) ?? 0;
    const part = Math.max(0, Math.min(leftOver, (carryOverMax[this.plan] ?? 0) - carried));
    this.#carried.set(name, carried + part);
    this.totals.carriedOver += part;
    this.#add({ source: 'adjustment', payment: null, left: part, endsAt: month.end });
  }
}

/** @returns how many there were */
function take(lots: readonly Lot[], credits: number): number {
  let missing = credits;
  for (const lot of lots) {
    const part = Math.min(lot.left, missing);
    lot.left -= part;
    missing -= part;
  }
  return credits - missing;
}
