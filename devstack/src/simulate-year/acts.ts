import type { GatewayName } from './facts.ts';
import { type PlanId, soldPacks, soldPlans } from './for-sale.ts';
import { moneyActs } from './money-acts.ts';
import { at, listAt, requestJson, textAt } from './read-json.ts';
import { control, type Stage } from './stage.ts';
import { callApi, type Subscriber } from './subscriber.ts';

export type Act = (stage: Stage, subscriber: Subscriber) => Promise<void>;

interface LikelyAct {
  /** For each day. */
  chance: number;
  isPossible(subscriber: Subscriber): boolean;
  act: Act;
}

const plans: readonly PlanId[] = ['starter', 'starter', 'professional', 'professional', 'business'];
const taxIds = ['52998224725', '11144477735', '11222333000181'];

const liveAt = (subscriber: Subscriber): GatewayName | null => subscriber.books.live?.fact.gateway ?? null;
const isEnding = (subscriber: Subscriber): boolean => subscriber.books.live?.fact.isEnding === true;

/** What people do, and how likely it is on a day. */
export const acts: readonly LikelyAct[] = [
  { chance: 0.08, isPossible: (who) => liveAt(who) === null, act: subscribe },
  { chance: 0.012, isPossible: (who) => liveAt(who) !== null, act: subscribeElsewhere },
  { chance: 0.02, isPossible: () => true, act: buyPack },
  { chance: 0.012, isPossible: (who) => liveAt(who) !== null, act: (...given) => change(1, ...given) },
  { chance: 0.012, isPossible: (who) => liveAt(who) !== null, act: (...given) => change(-1, ...given) },
  { chance: 0.004, isPossible: (who) => liveAt(who) !== null, act: (...given) => turn('keep', ...given) },
  { chance: 0.006, isPossible: (who) => liveAt(who) !== null, act: (...given) => turn('cancel', ...given) },
  { chance: 0.04, isPossible: isEnding, act: (...given) => turn('resume', ...given) },
  { chance: 0.008, isPossible: (who) => !who.isCardBroken && liveAt(who) !== null, act: breakCard },
  { chance: 0.12, isPossible: (who) => who.isCardBroken, act: mendCard },
  { chance: 0.25, isPossible: (who) => liveAt(who) === 'asaas', act: payWhatIsDue },
  {
    chance: 0.003,
    isPossible: (who) => !who.hasTopups && who.home === 'stripe' && liveAt(who) === 'stripe',
    act: topUp,
  },
  { chance: 0.2, isPossible: (who) => who.openPage !== null && liveAt(who) === null, act: payTwice },
  { chance: 0.3, isPossible: (who) => who.openPage !== null, act: payOpenPage },
  ...moneyActs,
];

/** A day of one subscriber. */
export async function liveOneDay(stage: Stage, subscriber: Subscriber): Promise<void> {
  for (const { chance, isPossible, act } of acts) {
    // The dice fall whatever is possible, so that one decision more or less does not change all that follow.
    const isMeant = stage.random.isOneIn(chance);
    if (isMeant && isPossible(subscriber)) await act(stage, subscriber);
  }
}

async function subscribe(stage: Stage, subscriber: Subscriber): Promise<void> {
  await order(stage, subscriber, subscriber.home);
  // The impatient try again elsewhere before anybody has heard of the first.
  if (stage.random.isOneIn(0.3)) await subscribeElsewhere(stage, subscriber);
}

/** With another one running, or about to. */
async function subscribeElsewhere(stage: Stage, subscriber: Subscriber): Promise<void> {
  await order(stage, subscriber, subscriber.home === 'stripe' ? 'asaas' : 'stripe');
}

async function order(stage: Stage, subscriber: Subscriber, gateway: GatewayName): Promise<void> {
  const { random } = stage;
  const [plan, interval] = [random.pick(plans), random.isOneIn(0.15) ? 'year' : 'month'];
  const method = gateway === 'asaas' && random.isOneIn(0.4) ? 'pix' : undefined;
  await checkOut(stage, subscriber, gateway, { plan, interval, ...(method !== undefined && { method }) });
}

async function buyPack(stage: Stage, subscriber: Subscriber): Promise<void> {
  const { random } = stage;
  const gateway = random.isOneIn(0.8) ? subscriber.home : subscriber.home === 'stripe' ? 'asaas' : 'stripe';
  const pack = random.isOneIn(0.8) ? soldPacks[0].id : soldPacks[1].id;
  const method = gateway === 'asaas' ? random.pick(['pix', 'boleto', 'link'] as const) : undefined;
  await checkOut(stage, subscriber, gateway, { pack, ...(method !== undefined && { method }) });
}

async function checkOut(
  stage: Stage,
  subscriber: Subscriber,
  gateway: GatewayName,
  wish: { plan?: string; interval?: string; pack?: string; method?: string },
): Promise<void> {
  const { world, random } = stage;
  const what = wish.pack === undefined ? 'subscription' : 'pack';
  const customer = { name: `Subscriber ${subscriber.number}`, cpf_cnpj: taxIds[subscriber.number % taxIds.length] };
  const answer = await callApi(world, subscriber, 'POST', '/billing/checkout', {
    ...wish,
    gateway,
    ...(gateway === 'asaas' && { customer }),
  });
  if (answer.status !== 201 && answer.status !== 200) {
    stage.count(`${what} refused (${answer.status})`);
    return;
  }
  stage.count(`${what} ordered at ${gateway}`);
  const url = at(answer.body, 'url');
  if (typeof url !== 'string') return;
  const page = pageOf(url);
  if (page === null) throw new Error(`nobody knows how to pay at ${url}`);
  // Some pay at once, some later, and some never.
  if (random.isOneIn(0.85)) await payPage(stage, subscriber, { gateway, id: page });
  else subscriber.openPage = { gateway, id: page };
}

/** What a payer's browser shows. */
function pageOf(url: string): string | null {
  const session = /cs_test_\w+/.exec(url)?.[0];
  if (session !== undefined) return session;
  const payment = /\/i\/(\w+)$/.exec(url)?.[1];
  if (payment !== undefined) return `pay_${payment}`;
  return /show\?id=([\w-]+)$/.exec(url)?.[1] ?? null;
}

/** Subscribes elsewhere, and then pays what was ordered before that, too, where it can still be paid. */
async function payTwice(stage: Stage, subscriber: Subscriber): Promise<void> {
  const page = subscriber.openPage;
  await subscribeElsewhere(stage, subscriber);
  subscriber.openPage = null;
  if (page !== null) await payPage(stage, subscriber, page);
}

async function payOpenPage(stage: Stage, subscriber: Subscriber): Promise<void> {
  const page = subscriber.openPage;
  subscriber.openPage = null;
  if (page !== null) await payPage(stage, subscriber, page);
}

async function payPage(
  stage: Stage,
  subscriber: Subscriber,
  page: { gateway: GatewayName; id: string },
): Promise<void> {
  const { random } = stage;
  const isBoleto = page.id.startsWith('cs_') && random.isOneIn(0.1);
  const outcome = isBoleto ? random.pick(['ok', 'ok', 'declined']) : random.isOneIn(0.08) ? 'declined' : 'ok';
  const path = page.id.startsWith('cs_')
    ? `stripe/checkout/${page.id}/pay`
    : page.id.startsWith('pay_')
      ? `asaas/payments/${page.id}/pay`
      : `asaas/checkouts/${page.id}/pay`;
  const body = page.id.startsWith('pay_') ? {} : { outcome, ...(isBoleto && { method: 'boleto' }) };
  const paid = await control(stage, 'POST', path, body);
  if (paid === null) {
    stage.count('page that was over');
    return;
  }
  const customer = at(paid, 'customer');
  if (typeof customer === 'string') subscriber.customers.add(customer);
  stage.count(isBoleto ? 'boleto' : outcome === 'ok' ? 'page paid' : 'page declined');
}

async function change(direction: 1 | -1, stage: Stage, subscriber: Subscriber): Promise<void> {
  const fact = subscriber.books.live?.fact;
  const place = soldPlans.findIndex(({ id }) => id === fact?.plan);
  const wanted = soldPlans[place + direction];
  const interval = stage.random.isOneIn(0.15) ? 'year' : (fact?.interval ?? 'month');
  if (wanted === undefined) return;
  const name = direction === 1 ? 'upgrade' : 'downgrade';
  const body = { plan: wanted.id, interval };
  tally(stage, name, await callApi(stage.world, subscriber, 'POST', '/subscription/change', body));
}

async function turn(what: 'cancel' | 'resume' | 'keep', stage: Stage, subscriber: Subscriber): Promise<void> {
  const fact = subscriber.books.live?.fact;
  const [path, body] =
    what === 'keep' ? ['change', { plan: fact?.plan, interval: fact?.interval }] : ([what, {}] as const);
  tally(stage, what, await callApi(stage.world, subscriber, 'POST', `/subscription/${path}`, body));
}

function tally(stage: Stage, what: string, { status }: { status: number }): void {
  stage.count(status === 202 ? what : `${what} refused (${status})`);
}

async function breakCard(stage: Stage, subscriber: Subscriber): Promise<void> {
  subscriber.isCardBroken = true;
  await setCards(stage, subscriber, 'declined');
  stage.count('card broke');
}

async function mendCard(stage: Stage, subscriber: Subscriber): Promise<void> {
  subscriber.isCardBroken = false;
  await setCards(stage, subscriber, 'ok');
  stage.count('card mended');
}

async function setCards(stage: Stage, { customers }: Subscriber, outcome: 'ok' | 'declined'): Promise<void> {
  for (const customer of customers) {
    const gateway = customer.startsWith('cus_test') || customer.startsWith('cus_N') ? 'stripe' : null;
    const done =
      gateway === null ? null : await control(stage, 'POST', `stripe/customers/${customer}/card`, { outcome });
    if (done === null) await control(stage, 'POST', `asaas/customers/${customer}/card`, { outcome });
  }
}

/** Who pays by PIX has to do so every month, and some forget. */
async function payWhatIsDue(stage: Stage, subscriber: Subscriber): Promise<void> {
  const { sandboxUrl, clock } = stage.world;
  const id = subscriber.books.live?.fact.id ?? '';
  const found = await requestJson(`${sandboxUrl}/asaas/v3/payments?subscription=${id}&limit=100`, {
    headers: { access_token: '$aact_hmlg_simulation', 'user-agent': 'simulation' },
  });
  const soon = new Date(clock.nowMs() + 4 * 86_400_000).toISOString();
  for (const payment of listAt(found, 'data')) {
    const isDue = ['PENDING', 'OVERDUE'].includes(String(payment.status)) && String(payment.dueDate) < soon;
    if (payment.billingType === 'CREDIT_CARD' || payment.deleted === true || !isDue) continue;
    await control(stage, 'POST', `asaas/payments/${textAt(payment, 'id')}/pay`, {});
    stage.count('period paid by PIX');
  }
}

async function topUp(stage: Stage, subscriber: Subscriber): Promise<void> {
  const body = { threshold: 300, pack: 'credits-5000', daily_cap_cents: 30_000, monthly_cap_cents: 60_000 };
  const answer = await callApi(stage.world, subscriber, 'PUT', '/billing/auto-topup', body);
  subscriber.hasTopups = answer.status === 200;
  stage.count(answer.status === 200 ? 'automatic top-up set' : `automatic top-up refused (${answer.status})`);
}
