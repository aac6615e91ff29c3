import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayClock } from '../clock.ts';
import type { StripeEvent } from './objects.ts';

/** The API version that objects and events have the shape of. */
export const apiVersion = '2026-10-28.endive';

export interface WebhookEndpoint {
  url: string | null;
  secret: string;
  /** `push` sends events at once, `hold` keeps them until somebody takes them. */
  mode: 'push' | 'hold';
  /** What events say their version is. Their shape is that of `apiVersion`, whatever it says. */
  apiVersion: string;
}

export interface HeldEvent {
  event: StripeEvent;
  /** Whom it is about, where it is about somebody. */
  customer: string | null;
}

export interface TakenEvent {
  event_id: string;
  type: string;
  body: string;
  headers: Record<string, string>;
}

const heldMax = 20_000;
const timeoutMs = 5_000;
const retryDelaysMs = [500, 2_000, 8_000];
const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** The way of the events to the webhook endpoint. */
export class EventOutbox {
  endpoint: WebhookEndpoint = { url: null, secret: 'whsec_stripe_sandbox', mode: 'hold', apiVersion };
  #held: HeldEvent[] = [];
  #isSending = false;
  readonly #clock: GatewayClock;

  constructor(clock: GatewayClock) {
    this.#clock = clock;
  }

  add(held: HeldEvent): void {
    this.#held.push(held);
    if (this.#held.length > heldMax) this.#held.shift();
    // Not before the call that caused it is answered.
    if (this.endpoint.mode === 'push') setImmediate(() => void this.sendHeld());
  }

  /** Gives the held events, signed for the moment `at`, and forgets them. */
  take(at: Date = this.#clock.now(), customer?: string): TakenEvent[] {
    const isTaken = (held: HeldEvent) => customer === undefined || held.customer === customer;
    const taken = this.#held.filter(isTaken);
    this.#held = this.#held.filter((held) => !isTaken(held));
    return taken.map(({ event }) => {
      const body = renderEvent(event);
      event.pending_webhooks = 0;
      return { event_id: event.id, type: event.type, body, headers: this.#sign(body, at) };
    });
  }

  /** Sends what is held, in order; what cannot be delivered is given up after a few attempts, as Stripe does in the end. */
  async sendHeld(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.endpoint.mode === 'push') {
        const next = this.#held.shift();
        if (!next) break;
        if (await this.#deliver(next.event)) next.event.pending_webhooks = 0;
      }
    } finally {
      this.#isSending = false;
    }
  }

  async #deliver(event: StripeEvent): Promise<boolean> {
    const body = renderEvent(event);
    if (await this.#postOnce(body)) return true;
    for (const delayMs of retryDelaysMs) {
      await sleep(delayMs, undefined, { ref: false });
      if (await this.#postOnce(body)) return true;
    }
    return false;
  }

  async #postOnce(body: string): Promise<boolean> {
    const { url } = this.endpoint;
    // A sandbox has no business beyond the machine that it runs on.
    if (url === null || !URL.canParse(url) || !loopbackHosts.has(new URL(url).hostname)) return false;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        // Whoever checks it goes by the wall's clock, also while the gateways' clock is months ahead.
        headers: this.#sign(body, new Date()),
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false; // A receiver that is down is what the retries are for.
    }
  }

  #sign(body: string, at: Date): Record<string, string> {
    const timestamp = Math.floor(at.getTime() / 1000);
    const signature = createHmac('sha256', this.endpoint.secret).update(`${timestamp}.${body}`).digest('hex');
    return {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      'stripe-signature': `t=${timestamp},v1=${signature}`,
    };
  }
}

/** Stripe sends events indented. */
function renderEvent(event: StripeEvent): string {
  return JSON.stringify(event, null, 2);
}
