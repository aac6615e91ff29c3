import { endReplaced } from '@base/workers/billing/end-replaced-subscriptions';
import type { PaymentGateways } from '@base/workers/billing/gateway';
import { passTimeNow } from '@base/workers/billing/pass-time';
import { processBatch } from '@base/workers/billing/process-payment-events';
import { recoverEvents, settleOverdueCheckouts } from '@base/workers/billing/reconcile-payments';
import { runTopupsNow } from '@base/workers/billing/run-topups';
import { createRandom, type Random } from '../chaos/random.ts';
import { liveOneDay } from './acts.ts';
import { createAsaasFacts } from './asaas-facts.ts';
import { checkEnd } from './check-end.ts';
import { Differences } from './differences.ts';
import type { GatewayFacts, GatewayName } from './facts.ts';
import { shopSql } from './for-sale.ts';
import { Network } from './network.ts';
import { Observer } from './observe.ts';
import { asObject } from './read-json.ts';
import type { YearReport } from './report-year.ts';
import { endAllJobs, spendOneDay } from './spend.ts';
import type { Stage } from './stage.ts';
import { startWorld, type World } from './start-world.ts';
import { createStripeFacts } from './stripe-facts.ts';
import { type Subscriber, signUp } from './subscriber.ts';

export interface YearOptions {
  subscribers: number;
  days: number;
  /** The same seed gives the same people doing the same things. */
  seed: number;
  /** Which share of them is at home at Asaas. */
  asaasShare: number;
  /** A new directory that anybody may enter: Postgres may run as another user. */
  dataDir: string;
  report(line: string): void;
  signal: AbortSignal;
  /** For tests: puts a fault in the place of a gateway. */
  replaceGateways?(gateways: PaymentGateways, world: World): PaymentGateways;
}

/** Everything that the days share. */
interface Year {
  options: YearOptions;
  world: World;
  random: Random;
  network: Network;
  observer: Observer;
  facts: ReadonlyMap<GatewayName, GatewayFacts>;
  subscribers: Map<string, Subscriber>;
  differences: Differences;
  stage: Stage;
  counts: Map<string, number>;
  recovered: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The gateways' clock does not go back, and the same seed is to give the same months in every year. */
const startMs = Date.UTC(2035, 0, 1);
const actHour = 8;
const workHours = [2, 14, 20];
const network = { lostShare: 0.1, duplicatedShare: 0.15, lateShare: 0.3, lateDaysMax: 5 };
/** Days without new acts: what is under way ends, and what was lost is found. */
const closingDays = 6;
const settlingRoundsMax = 20;

/**
 * Lets a year pass for some subscribers over a bad network, and compares everybody's books with a model's.
 * @throws Error when the system cannot be started, or the run is broken off; nothing is left running in any case
 */
export async function simulateYear(options: YearOptions): Promise<YearReport> {
  const startedMs = performance.now();
  const world = await startWorld(options);
  try {
    if (options.replaceGateways !== undefined) {
      world.deps.paymentGateways = options.replaceGateways(world.deps.paymentGateways, world);
    }
    for (const sql of shopSql) await world.pool.query(sql);
    const year = beginYear(options, world);
    for (let day = 0; day < options.days; day += 1) await passDay(year, day);
    await closeYear(year);
    const ledger = await checkEnd(year);
    return {
      seed: options.seed,
      subscribers: options.subscribers,
      days: options.days,
      network: year.network.figures,
      recovered: year.recovered,
      counts: year.counts,
      ...ledger,
      differences: year.differences.all,
      seconds: (performance.now() - startedMs) / 1000,
    };
  } finally {
    await world.close();
  }
}

function beginYear(options: YearOptions, world: World): Year {
  const random = createRandom(options.seed);
  const subscribers = new Map<string, Subscriber>();
  const differences = new Differences();
  const counts = new Map<string, number>();
  const facts = new Map<GatewayName, GatewayFacts>([
    ['stripe', createStripeFacts(world.sandboxUrl)],
    ['asaas', createAsaasFacts(world.sandboxUrl, () => world.clock.nowMs())],
  ]);
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  return {
    options,
    ...{ world, random, subscribers, differences, counts, facts },
    network: new Network(world, createRandom(options.seed + 1), network),
    observer: new Observer({ world, facts, subscribers, differences }),
    stage: { world, random, count },
    recovered: 0,
  };
}

async function passDay(year: Year, day: number): Promise<void> {
  const { options, differences } = year;
  options.signal.throwIfAborted();
  differences.day = day;
  const midnight = startMs + day * dayMs;
  for (const hour of [...workHours, actHour].toSorted((a, b) => a - b)) {
    await moveTo(year, midnight + hour * hourMs);
    await work(year);
    if (hour === actHour) await act(year, day);
  }
  await reconcile(year);
  await compare(year);
  if (day % 30 === 29) options.report(`  day ${day + 1}: ${year.network.figures.delivered} events`);
}

/** Everybody decides by dice of their own: what one does changes nothing about the others. */
async function act(year: Year, day: number): Promise<void> {
  const { options, stage, subscribers, differences } = year;
  await welcome(year, day);
  for (const subscriber of subscribers.values()) {
    await liveOneDay({ ...stage, random: diceOf(options.seed, day, subscriber.number) }, subscriber);
  }
  await work(year);
  await spendOneDay({ ...stage, random: diceOf(options.seed, day, -1) }, [...subscribers.values()], differences);
}

function diceOf(seed: number, day: number, number: number): Random {
  return createRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(day + 1, 0x85ebca6b) ^ Math.imul(number + 2, 0xc2b2ae35));
}

/** All come within the first two months. */
async function welcome({ options, subscribers, random, world }: Year, day: number): Promise<void> {
  const lastDay = Math.min(60, Math.ceil(options.days / 3));
  const wanted = Math.min(options.subscribers, Math.ceil((options.subscribers * (day + 1)) / lastDay));
  while (subscribers.size < wanted) {
    const home = random.isOneIn(options.asaasShare) ? 'asaas' : 'stripe';
    const subscriber = await signUp(world, { number: subscribers.size, home });
    subscribers.set(subscriber.organizationId, subscriber);
  }
}

async function moveTo({ world }: Year, ms: number): Promise<void> {
  const url = `${world.sandboxUrl}/_sandbox/clock`;
  const answer = await fetch(url, {
    method: 'PUT',
    body: JSON.stringify({ now: new Date(ms).toISOString(), stands_still: true }),
  });
  if (!answer.ok) throw new Error(`the gateways' clock: ${JSON.stringify(asObject(await answer.json()))}`);
  await answer.body?.cancel();
  world.clock.moveTo(ms);
}

/** What the system's schedules do, each followed by a look at what it has written. @returns how many events arrived */
async function work({ world, network: way, observer, subscribers }: Year): Promise<number> {
  const { deps, pool, clock } = world;
  const delivered = await way.carry();
  await pool.query(`update payment_events set next_attempt_at = clock_timestamp() where status = 'received'`);
  while ((await processBatch(deps)) > 0);
  await observer.look();
  await endReplaced(deps);
  await observer.look();
  await runTopupsNow(deps);
  await observer.look();
  await passTimeNow(deps);
  for (const { books } of subscribers.values()) books.noteTime(clock.nowMs());
  return delivered;
}

/** @returns how much had not been heard of */
async function reconcile(year: Year): Promise<number> {
  const { deps } = year.world;
  const found = await recoverEvents(deps);
  year.recovered += found;
  await settleOverdueCheckouts(deps);
  await year.observer.look();
  let differing = 0;
  for (const gateway of deps.paymentGateways.values()) differing += await gateway.compareSubscriptions();
  await work(year);
  return found + differing;
}

async function compare({ world, subscribers, differences }: Year): Promise<void> {
  const { rows } = await world.pool.query<{
    id: string;
    balance: string | number;
    held: string | number;
    debt: string | number;
    plan: string;
  }>(
    `select o.id, b.balance, b.held, b.debt, o.plan_id as plan from organizations o join credit_balances b on b.organization_id = o.id`,
  );
  for (const { id, balance, held, debt, plan } of rows) {
    const books = subscribers.get(id)?.books;
    if (books === undefined || !differences.isSound(id)) continue;
    differences.compare(id, 'plan', books.plan, plan);
    differences.compare(id, 'balance', books.balance, Number(balance));
    differences.compare(id, 'held', books.held, Number(held));
    differences.compare(id, 'debt', books.debt, Number(debt));
    if (!differences.isSound(id)) differences.add(id, 'the model has', books.describe(), '');
  }
}

/** Nobody acts any more and nothing is lost any more, until there is nothing left to hear. */
async function closeYear(year: Year): Promise<void> {
  const { options, world, network: way, stage, subscribers, differences } = year;
  way.heal();
  for (let day = 0; day < closingDays; day += 1) {
    options.signal.throwIfAborted();
    differences.day = options.days + day;
    await moveTo(year, world.clock.nowMs() + dayMs);
    await work(year);
    await reconcile(year);
  }
  for (const subscriber of subscribers.values()) await endAllJobs(stage, subscriber);
  let rounds = 0;
  while ((await work(year)) + (await reconcile(year)) > 0) {
    rounds += 1;
    if (rounds > settlingRoundsMax) {
      differences.add('', 'reconciliation', 'finds nothing in the end', 'always finds something');
      break;
    }
  }
  await compare(year);
}
