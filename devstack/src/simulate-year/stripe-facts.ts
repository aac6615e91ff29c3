import type { ClaimFact, GatewayFacts, GatewayHistory, PaymentFact, SubscriptionFact } from './facts.ts';
import { creditsOfPack, type PricedPlan, planOfPrice } from './for-sale.ts';
import { at, type Json, listAt, numberAt, requestJson, textAt } from './read-json.ts';

const statuses: Record<string, SubscriptionFact['status']> = {
  trialing: 'trialing',
  active: 'active',
  past_due: 'past_due',
  unpaid: 'past_due',
  paused: 'paused',
  canceled: 'canceled',
};
/** Won, prevented, or only asked about: no money is away. */
const idleDisputes = /^(won|prevented|warning_.*)$/;

/** Stripe as it shows itself over its API. */
export function createStripeFacts(sandboxUrl: string): GatewayFacts {
  const get = (path: string): Promise<Json> =>
    requestJson(`${sandboxUrl}/v1/${path}`, { headers: { authorization: 'Bearer sk_test_simulation' } });
  const plans = new Map<string, PricedPlan>();
  const planOf = async (priceId: string): Promise<PricedPlan> => {
    const known = plans.get(priceId) ?? planOfPrice(numberAt(await get(`prices/${priceId}`), 'unit_amount'));
    plans.set(priceId, known);
    return known;
  };
  const list = (path: string) => listAll(get, path);

  const invoiceFact = async (invoice: Json): Promise<PaymentFact | null> => {
    if (invoice.status !== 'paid') return null;
    const lots = await lotsOfInvoice(invoice, planOf, () => list(`invoices?subscription=${subscriptionOf(invoice)}`));
    const cents = numberAt(invoice, 'amount_paid');
    if (lots.length === 0 && cents === 0) return null;
    const query = `invoice_payments?invoice=${textAt(invoice, 'id')}&limit=10`;
    const paid = cents === 0 ? [] : listAt(await get(query), 'data').filter(({ status }) => status === 'paid');
    const refundable = paid.length === 0 ? '' : textAt(paid, 0, 'payment', 'payment_intent');
    return {
      id: textAt(invoice, 'id'),
      gateway: 'stripe',
      customer: textAt(invoice, 'customer'),
      cents,
      lots,
      paidAt: numberAt(invoice, 'created') * 1000,
      refundable,
    };
  };
  const subscriptionFact = async (found: Json): Promise<SubscriptionFact | null> => {
    const status = statuses[textAt(found, 'status')];
    if (status === undefined) return null;
    const item = at(found, 'items', 'data', 0);
    const { plan, interval } = await planOf(textAt(item, 'price', 'id'));
    const trialEnd = at(found, 'trial_end');
    return {
      id: textAt(found, 'id'),
      gateway: 'stripe',
      customer: textAt(found, 'customer'),
      ...{ plan, interval, status },
      startedAt: numberAt(found, 'start_date') * 1000,
      periodStart: numberAt(item, 'current_period_start') * 1000,
      periodEnd: numberAt(item, 'current_period_end') * 1000,
      trialEnd: typeof trialEnd === 'number' ? trialEnd * 1000 : null,
      isEnding: status !== 'canceled' && found.cancel_at_period_end === true,
    };
  };
  return {
    name: 'stripe',
    async payment(id) {
      if (id.startsWith('in_')) return invoiceFact(await get(`invoices/${id}`));
      if (id.startsWith('cs_')) return sessionFact(await get(`checkout/sessions/${id}`));
      return topupFact(await get(`payment_intents/${id}`));
    },
    claim: async (id) =>
      id.startsWith('re_') ? refundFact(await get(`refunds/${id}`)) : disputeFact(await get(`disputes/${id}`)),
    subscription: async (id) => subscriptionFact(await get(`subscriptions/${id}`)),
    history: () => readHistory(list, invoiceFact, subscriptionFact),
  };
}

async function readHistory(
  list: (path: string) => Promise<Json[]>,
  invoiceFact: (invoice: Json) => Promise<PaymentFact | null>,
  subscriptionFact: (found: Json) => Promise<SubscriptionFact | null>,
): Promise<GatewayHistory> {
  const payments: (PaymentFact | null)[] = [
    ...(await list('checkout/sessions')).map(sessionFact),
    ...(await list('payment_intents')).map(topupFact),
  ];
  for (const invoice of await list('invoices?status=paid')) payments.push(await invoiceFact(invoice));
  const subscriptions: (SubscriptionFact | null)[] = [];
  for (const found of await list('subscriptions?status=all')) subscriptions.push(await subscriptionFact(found));
  return {
    payments: payments.filter((fact) => fact !== null),
    claims: [...(await list('refunds')).map(refundFact), ...(await list('disputes')).map(disputeFact)],
    subscriptions: subscriptions.filter((fact) => fact !== null),
  };
}

async function listAll(get: (path: string) => Promise<Json>, path: string): Promise<Json[]> {
  const all: Json[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last === undefined ? '' : `&starting_after=${textAt(last, 'id')}`;
    const page = await get(`${path}${path.includes('?') ? '&' : '?'}limit=100${after}`);
    all.push(...listAt(page, 'data'));
    if (page.has_more !== true) return all;
  }
}

function sessionFact(session: Json): PaymentFact | null {
  if (session.mode !== 'payment' || session.payment_status !== 'paid') return null;
  const cents = numberAt(session, 'amount_total');
  return {
    id: textAt(session, 'id'),
    gateway: 'stripe',
    customer: textAt(session, 'customer'),
    cents,
    lots: [{ credits: creditsOfPack(cents), endsAt: Number.POSITIVE_INFINITY, source: 'purchase' }],
    paidAt: numberAt(session, 'created') * 1000,
    refundable: textAt(session, 'payment_intent'),
  };
}

function topupFact(intent: Json): PaymentFact | null {
  if (at(intent, 'metadata', 'topup_id') === null || intent.status !== 'succeeded') return null;
  const [id, cents] = [textAt(intent, 'id'), numberAt(intent, 'amount')];
  const lots = [{ credits: creditsOfPack(cents), endsAt: Number.POSITIVE_INFINITY, source: 'purchase' as const }];
  const paidAt = numberAt(intent, 'created') * 1000;
  return { id, gateway: 'stripe', customer: textAt(intent, 'customer'), cents, paidAt, lots, refundable: id };
}

function refundFact(refund: Json): ClaimFact {
  const isActive = refund.status !== 'failed' && refund.status !== 'canceled';
  return { ...claimOf(refund), isActive };
}

function disputeFact(dispute: Json): ClaimFact {
  return { ...claimOf(dispute), isActive: !idleDisputes.test(textAt(dispute, 'status')) };
}

function claimOf(object: Json): Omit<ClaimFact, 'isActive'> {
  const [id, refundable] = [textAt(object, 'id'), textAt(object, 'payment_intent')];
  return { id, gateway: 'stripe', refundable, cents: numberAt(object, 'amount') };
}

/**
 * A whole period brings the plan's credits until it ends. A change in the middle brings the difference for the rest: of
 * each plan's credits the share that the rest has in the whole period, which another invoice's line shows.
 */
async function lotsOfInvoice(
  invoice: Json,
  planOf: (priceId: string) => Promise<PricedPlan>,
  siblings: () => Promise<Json[]>,
): Promise<PaymentFact['lots']> {
  const lots: PaymentFact['lots'] = [];
  let parts = 0;
  let restEndsAt = 0;
  for (const line of listAt(invoice, 'lines', 'data')) {
    const { credits } = await planOf(textAt(line, 'pricing', 'price_details', 'price'));
    const [cents, endsAt] = [numberAt(line, 'amount'), numberAt(line, 'period', 'end')];
    if (!isProration(line)) {
      if (cents > 0) lots.push({ credits, endsAt: endsAt * 1000, source: 'subscription' });
      continue;
    }
    const whole = await wholePeriod(endsAt, siblings);
    parts += (Math.sign(cents) * credits * (endsAt - numberAt(line, 'period', 'start'))) / whole;
    restEndsAt = Math.max(restEndsAt, endsAt * 1000);
  }
  // The shares are fractions that may add up to a hair less than a whole number.
  const credits = Math.floor(parts + 1e-9);
  if (credits > 0) lots.push({ credits, endsAt: restEndsAt, source: 'subscription' });
  return lots;
}

async function wholePeriod(endsAt: number, siblings: () => Promise<Json[]>): Promise<number> {
  const lines = (await siblings()).flatMap((invoice) => listAt(invoice, 'lines', 'data'));
  const whole = lines.find((line) => !isProration(line) && numberAt(line, 'period', 'end') === endsAt);
  if (whole === undefined) throw new Error(`no invoice is for the period that ends at ${endsAt}`);
  return endsAt - numberAt(whole, 'period', 'start');
}

function isProration(line: Json): boolean {
  return at(line, 'parent', 'subscription_item_details', 'proration') === true;
}

function subscriptionOf(invoice: Json): string {
  return textAt(invoice, 'parent', 'subscription_details', 'subscription');
}
