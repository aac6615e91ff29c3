import { randomBytes } from 'node:crypto';
import type { GatewayClock } from '../clock.ts';
import { momentOf } from './dates.ts';

export interface WebhookSettings {
  url: string;
  token: string | null;
  mode: 'push' | 'hold';
  sendType: 'SEQUENTIALLY' | 'NON_SEQUENTIALLY';
}

/** An event as it is, or would be, posted. */
export interface OutboxEvent {
  event_id: string;
  body: string;
  headers: Record<string, string>;
}

interface QueuedEvent {
  id: string;
  body: string;
  createdAtMs: number;
  attempts: number;
  nextAtMs: number;
  isUnderWay: boolean;
}

/** Asaas waits as long for an answer. */
const timeoutMs = 10_000;
/** Between one attempt and the next; after the fifteenth failure in a row the queue is interrupted. */
const retryDelaysMs = [30, 60, 210, 300, 900, 1_500, 3_600, 3_600, 3_600, 3_600, 3_600, 7_200, 7_200, 10_800].map(
  (seconds) => seconds * 1_000,
);
const failuresMax = 15;
/** Posts at the same time, out of sequence. */
const underWayMax = 20;
const keptForMs = 14 * 86_400_000;
const countMax = 20_000;
const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * The events of one account, on their way to its webhook. Held ones are taken by hand; pushed ones are posted, each
 * until it is answered with 200. In sequence, one that fails holds back all behind it.
 */
export class Outbox {
  readonly #clock: GatewayClock;
  #queue: QueuedEvent[] = [];
  #count = 0;
  #failuresInRow = 0;
  #settings: WebhookSettings | null = null;
  #isInterrupted = false;

  constructor(clock: GatewayClock) {
    this.#clock = clock;
  }

  get settings(): WebhookSettings | null {
    return this.#settings;
  }

  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  get failuresInRow(): number {
    return this.#failuresInRow;
  }

  configure(settings: WebhookSettings): void {
    this.#settings = settings;
    this.resume();
  }

  interrupt(): void {
    this.#isInterrupted = true;
  }

  /** Sends on what waits, at once. */
  resume(): void {
    this.#isInterrupted = false;
    this.#failuresInRow = 0;
    const nowMs = this.#clock.now().getTime();
    for (const queued of this.#queue) queued.nextAtMs = nowMs;
    this.#pump();
  }

  /** Puts an event into the queue. `subject` is `payment`, `subscription` or `checkout`. */
  emit(event: string, subject: string, object: unknown): void {
    const now = this.#clock.now();
    this.#count += 1;
    const id = `evt_${randomBytes(16).toString('hex')}&${368_604_920 + this.#count}`;
    const body = JSON.stringify({ id, event, dateCreated: momentOf(now), [subject]: object });
    const nowMs = now.getTime();
    this.#queue.push({ id, body, createdAtMs: nowMs, attempts: 0, nextAtMs: nowMs, isUnderWay: false });
    this.#queue = this.#queue.slice(-countMax);
    // Not before the call that caused it is answered, or the receiver would hear of what it does not know yet.
    setImmediate(() => this.#pump());
  }

  /** Takes out the events that wait, oldest first; with `part`, only those whose body contains it. */
  take(part = ''): OutboxEvent[] {
    const taken = this.#queue.filter(({ body, isUnderWay }) => !isUnderWay && body.includes(part));
    this.#queue = this.#queue.filter((queued) => !taken.includes(queued));
    return taken.map(({ id, body }) => ({ event_id: id, body, headers: this.#headers() }));
  }

  #headers(): Record<string, string> {
    const token = this.#settings?.token;
    return {
      'content-type': 'application/json;charset=UTF-8',
      'user-agent': 'Java/1.8.0_sandbox',
      ...(token ? { 'asaas-access-token': token } : {}),
    };
  }

  #pump(): void {
    const settings = this.#settings;
    if (settings?.mode !== 'push' || this.#isInterrupted || !isLoopback(settings.url)) return;
    const nowMs = this.#clock.now().getTime();
    this.#queue = this.#queue.filter(({ createdAtMs }) => nowMs - createdAtMs < keptForMs);
    const isInSequence = settings.sendType === 'SEQUENTIALLY';
    const candidates = isInSequence ? this.#queue.slice(0, 1) : this.#queue;
    let underWay = this.#queue.filter(({ isUnderWay }) => isUnderWay).length;
    for (const queued of candidates) {
      if (underWay >= underWayMax) return;
      if (queued.isUnderWay || queued.nextAtMs > nowMs) continue;
      underWay += 1;
      void this.#post(queued, settings.url);
    }
  }

  async #post(queued: QueuedEvent, url: string): Promise<void> {
    queued.isUnderWay = true;
    queued.attempts += 1;
    const isDelivered = await postOnce(url, queued.body, this.#headers());
    queued.isUnderWay = false;
    if (isDelivered) {
      this.#failuresInRow = 0;
      this.#queue = this.#queue.filter((other) => other !== queued);
    } else {
      this.#failuresInRow += 1;
      if (this.#failuresInRow >= failuresMax) this.#isInterrupted = true;
      const delayMs = retryDelaysMs[Math.min(queued.attempts, retryDelaysMs.length) - 1] ?? 0;
      queued.nextAtMs = this.#clock.now().getTime() + delayMs;
      this.#clock.schedule(new Date(queued.nextAtMs), () => this.#pump());
    }
    this.#pump();
  }
}

async function postOnce(url: string, body: string, headers: Record<string, string>): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await answer.body?.cancel();
    // Others of the 200s are failures, too.
    return answer.status === 200;
  } catch {
    return false; // A receiver that is down is what the retries are for.
  }
}

/** Other machines are never called: a sandbox has no business beyond the one that it runs on. */
function isLoopback(url: string): boolean {
  return URL.canParse(url) && loopbackHosts.has(new URL(url).hostname);
}
