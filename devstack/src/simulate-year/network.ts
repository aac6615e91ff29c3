import { createHmac } from 'node:crypto';
import { asaasSandboxToken, stripeSandboxSecret } from '@base/shared/testing/sandbox-variables';
import { handlers as stripeHandlers } from '@base/workers/billing/stripe/handlers';
import type { Random } from '../chaos/random.ts';
import type { GatewayName } from './facts.ts';
import { asObject, textAt } from './read-json.ts';
import type { World } from './start-world.ts';

/** What becomes of events between a gateway and the API. */
export interface NetworkOptions {
  lostShare: number;
  duplicatedShare: number;
  lateShare: number;
  lateDaysMax: number;
}

export interface NetworkFigures {
  made: number;
  lost: number;
  duplicated: number;
  late: number;
  delivered: number;
}

interface Parcel {
  gateway: GatewayName;
  id: string;
  body: string;
  dueAt: number;
}

const dayMs = 86_400_000;
const deliveriesAtOnce = 8;

/** The way of the events: some are lost, some come twice, some days late, and none in order. */
export class Network {
  readonly figures: NetworkFigures = { made: 0, lost: 0, duplicated: 0, late: 0, delivered: 0 };
  /** Ids of events that never arrive. */
  readonly lost: { gateway: GatewayName; id: string }[] = [];
  readonly #world: World;
  readonly #random: Random;
  #options: NetworkOptions;
  #parcels: Parcel[] = [];

  constructor(world: World, random: Random, options: NetworkOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
  }

  /** From now on everything arrives, at once. */
  heal(): void {
    this.#options = { lostShare: 0, duplicatedShare: 0, lateShare: 0, lateDaysMax: 0 };
    for (const parcel of this.#parcels) parcel.dueAt = 0;
  }

  /** Takes what the gateways have to say and delivers what is due. @returns how many were delivered */
  async carry(): Promise<number> {
    await this.#collect();
    const nowMs = this.#world.clock.nowMs();
    const due = this.#random.shuffle(this.#parcels.filter(({ dueAt }) => dueAt <= nowMs));
    this.#parcels = this.#parcels.filter(({ dueAt }) => dueAt > nowMs);
    const count = due.length;
    const carry = async (): Promise<void> => {
      for (let parcel = due.pop(); parcel !== undefined; parcel = due.pop()) await this.#deliver(parcel);
    };
    await Promise.all(Array.from({ length: Math.min(deliveriesAtOnce, count) }, carry));
    return count;
  }

  async #collect(): Promise<void> {
    const { sandboxUrl } = this.#world;
    const [stripe, asaas] = await Promise.all([
      takeOutbox(`${sandboxUrl}/_sandbox/stripe/outbox`),
      takeOutbox(`${sandboxUrl}/_sandbox/asaas/outbox`),
    ]);
    for (const event of stripe) {
      // The endpoint at Stripe is made for these types.
      if (stripeHandlers.has(textAt(event, 'type'))) this.#accept('stripe', event);
    }
    for (const event of asaas) this.#accept('asaas', event);
  }

  #accept(gateway: GatewayName, event: Record<string, unknown>): void {
    const { lostShare, duplicatedShare } = this.#options;
    const [id, body] = [textAt(event, 'event_id'), textAt(event, 'body')];
    this.figures.made += 1;
    if (this.#random.isOneIn(lostShare)) {
      this.figures.lost += 1;
      this.lost.push({ gateway, id });
      return;
    }
    this.#parcels.push({ gateway, id, body, dueAt: this.#arrival() });
    if (!this.#random.isOneIn(duplicatedShare)) return;
    this.figures.duplicated += 1;
    this.#parcels.push({ gateway, id, body, dueAt: this.#arrival() });
  }

  #arrival(): number {
    const { lateShare, lateDaysMax } = this.#options;
    if (!this.#random.isOneIn(lateShare)) return 0;
    this.figures.late += 1;
    return this.#world.clock.nowMs() + this.#random.between(0, lateDaysMax) * dayMs;
  }

  async #deliver({ gateway, body }: Parcel): Promise<void> {
    const { apiUrl } = this.#world;
    const headers = gateway === 'stripe' ? signAsStripe(body) : { 'asaas-access-token': asaasSandboxToken };
    const url = `${apiUrl}/api/v1/webhooks/${gateway}`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    await answer.body?.cancel();
    if (answer.status !== 200) throw new Error(`the API answered an event of ${gateway} with ${answer.status}`);
    this.figures.delivered += 1;
  }
}

async function takeOutbox(url: string): Promise<Record<string, unknown>[]> {
  const list: unknown = await (await fetch(url)).json();
  return Array.isArray(list) ? list.map(asObject) : [];
}

/** Gateways sign when they send, not when the event happens; signatures are checked by the real time. */
function signAsStripe(body: string): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', stripeSandboxSecret).update(`${timestamp}.${body}`).digest('hex');
  return { 'stripe-signature': `t=${timestamp},v1=${signature}` };
}
