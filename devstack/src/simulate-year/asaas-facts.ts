import type { ClaimFact, GatewayFacts, PaymentFact, SubscriptionFact } from './facts.ts';
import { creditsOfPack, planOfPrice } from './for-sale.ts';
import { addMonths } from './months.ts';
import { at, type Json, listAt, numberAt, requestJson, textAt } from './read-json.ts';

const dayMs = 86_400_000;
/** Brazil is three hours behind all year. */
const brazilMs = 3 * 3_600_000;
/** Due dates of the 31st come earlier in shorter months. */
const driftMs = 4 * dayMs;
const paidStatuses = new Set(['CONFIRMED', 'RECEIVED', 'REFUNDED', 'CHARGEBACK_REQUESTED']);
const pageSize = 100;

const beginOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) + brazilMs;

/** A month or a year later, by Brazil's days. */
const later = (dayMsInBrazil: number, months: number): number => addMonths(dayMsInBrazil - brazilMs, months) + brazilMs;

interface Due {
  payment: Json;
  dueAt: number;
  months: number;
}

/** Asaas as it shows itself over its API. @param now the simulated moment */
export function createAsaasFacts(sandboxUrl: string, now: () => number): GatewayFacts {
  const get = (path: string): Promise<Json> =>
    requestJson(`${sandboxUrl}/asaas/v3/${path}`, {
      headers: { access_token: '$aact_hmlg_simulation', 'user-agent': 'simulation' },
    });
  const list = async (path: string): Promise<Json[]> => {
    const all: Json[] = [];
    for (;;) {
      const page = await get(`${path}${path.includes('?') ? '&' : '?'}limit=${pageSize}&offset=${all.length}`);
      all.push(...listAt(page, 'data'));
      if (page.hasMore !== true) return all;
    }
  };
  const findSubscription = async (id: string): Promise<SubscriptionFact | null> =>
    readSubscription(await get(`subscriptions/${id}`), await list(`payments?subscription=${id}`), now());
  const findPayment = async (payment: Json): Promise<PaymentFact | null> => {
    if (!isPaid(payment)) return null;
    const id = at(payment, 'subscription');
    if (typeof id !== 'string') return packFact(payment);
    return periodFact(payment, await get(`subscriptions/${id}`), await list(`payments?subscription=${id}`));
  };
  return {
    name: 'asaas',
    payment: async (id) => findPayment(await get(`payments/${id}`)),
    claim: async (id) => {
      const [kind = '', paymentId = ''] = id.split(':');
      return claimFact(kind, await get(`payments/${paymentId}`));
    },
    subscription: findSubscription,
    async history() {
      const all = await list('payments');
      const payments: PaymentFact[] = [];
      for (const payment of all) payments.push(...[await findPayment(payment)].filter((fact) => fact !== null));
      const found: SubscriptionFact[] = [];
      for (const { id } of await list('subscriptions')) {
        found.push(...[await findSubscription(String(id))].filter((fact) => fact !== null));
      }
      const claims = all.flatMap((payment) => [
        ...(listAt(payment, 'refunds').length > 0 ? [claimFact('refund', payment)] : []),
        ...(at(payment, 'chargeback') !== null ? [claimFact('chargeback', payment)] : []),
      ]);
      return { payments, claims, subscriptions: found };
    },
  };
}

function isPaid(payment: Json): boolean {
  return paidStatuses.has(textAt(payment, 'status'));
}

const centsOf = (object: Json): number => Math.round(numberAt(object, 'value') * 100);

function paymentOf(payment: Json): Omit<PaymentFact, 'lots'> {
  const id = textAt(payment, 'id');
  const paidAt = beginOf(String(at(payment, 'clientPaymentDate') ?? at(payment, 'confirmedDate') ?? payment.dueDate));
  const customer = textAt(payment, 'customer');
  return { id, gateway: 'asaas', customer, cents: centsOf(payment), paidAt, refundable: id };
}

function packFact(payment: Json): PaymentFact {
  const fact = paymentOf(payment);
  const credits = creditsOfPack(fact.cents);
  return { ...fact, lots: [{ credits, endsAt: Number.POSITIVE_INFINITY, source: 'purchase' }] };
}

/** What was paid in time lasts until the next payment is due; what was paid after that lasts as long from then on. */
function periodFact(payment: Json, subscription: Json, siblings: readonly Json[]): PaymentFact {
  const fact = paymentOf(payment);
  const { credits, interval } = planOfPrice(fact.cents);
  const months = interval === 'year' ? 12 : 1;
  const due = { payment, dueAt: beginOf(textAt(payment, 'dueDate')), months };
  const next = nextDueAfter(due, subscription, siblings);
  const endsAt = fact.paidAt < next ? next : later(fact.paidAt, months);
  return { ...fact, lots: [{ credits, endsAt, source: 'subscription' }] };
}

/** By the calendar, unless Asaas shows a due date within a few days of that. */
function nextDueAfter({ dueAt, months }: Due, subscription: Json, siblings: readonly Json[]): number {
  const byCalendar = later(dueAt, months);
  const shown = [
    ...siblings.filter(({ deleted }) => deleted !== true).map(({ dueDate }) => dueDate),
    subscription.nextDueDate,
  ]
    .filter((day) => typeof day === 'string')
    .map(beginOf)
    .filter((day) => day > dueAt && Math.abs(day - byCalendar) <= driftMs)
    .sort((a, b) => Math.abs(a - byCalendar) - Math.abs(b - byCalendar));
  return shown[0] ?? byCalendar;
}

function claimFact(kind: string, payment: Json): ClaimFact {
  const id = textAt(payment, 'id');
  const base = { id: `${kind}:${id}`, gateway: 'asaas' as const, refundable: id };
  if (kind === 'chargeback') {
    return { ...base, cents: centsOf(payment), isActive: payment.status === 'CHARGEBACK_REQUESTED' };
  }
  const cents = listAt(payment, 'refunds').reduce((sum, refund) => sum + centsOf(refund), 0);
  return { ...base, cents, isActive: cents > 0 };
}

/** Asaas' subscriptions only make payments: what one is worth follows from which of these were paid. */
function readSubscription(subscription: Json, payments: readonly Json[], now: number): SubscriptionFact | null {
  const today = Math.floor((now - brazilMs) / dayMs) * dayMs + brazilMs;
  const dues = payments
    .filter(({ deleted }) => deleted !== true)
    .map((payment): Due => {
      const { interval } = planOfPrice(centsOf(payment));
      return { payment, dueAt: beginOf(textAt(payment, 'dueDate')), months: interval === 'year' ? 12 : 1 };
    })
    .sort((a, b) => a.dueAt - b.dueAt);
  const paid = dues.filter(({ payment }) => isPaid(payment));
  const [first] = paid;
  const last = paid.at(-1);
  if (first === undefined || last === undefined) return null;
  const current = paid.filter(({ dueAt }) => dueAt <= today).at(-1) ?? first;
  const isStopped = subscription.status !== 'ACTIVE';
  const isOver = subscription.deleted === true || (isStopped && nextDueAfter(last, subscription, payments) <= today);
  const isOverdue = dues.some(({ payment, dueAt }) => payment.status === 'OVERDUE' && dueAt > current.dueAt);
  const { plan, interval } = planOfPrice(centsOf(current.payment));
  return {
    id: textAt(subscription, 'id'),
    gateway: 'asaas',
    customer: textAt(subscription, 'customer'),
    ...{ plan, interval },
    status: isOver ? 'canceled' : isOverdue && !isStopped ? 'past_due' : 'active',
    startedAt: beginOf(textAt(subscription, 'dateCreated')),
    periodStart: current.dueAt,
    periodEnd: nextDueAfter(current, subscription, payments),
    trialEnd: null,
    isEnding: isStopped && !isOver,
  };
}
