import Stripe from 'stripe';
import { startTestSandbox, type TestSandbox } from '../../../testing/test-sandbox.ts';

export interface TestStripe {
  sdk: Stripe;
  sandbox: TestSandbox;
  /** The time of the sandbox. */
  now(): Promise<Date>;
  advance(by: { days?: number; hours?: number }): Promise<void>;
  advanceTo(seconds: number): Promise<void>;
  /** A control call; throws with what the sandbox says when it refuses. */
  act(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<unknown>;
  /** Takes the events that are held, of one customer or all, and checks their signatures. */
  takeEvents(customer?: string): Promise<Stripe.Event[]>;
  close(): Promise<void>;
}

export const webhookSecret = 'whsec_of_the_tests';

/** A sandbox of its own with the official SDK pointed at it, and its events held. */
export async function startStripe(): Promise<TestStripe> {
  const sandbox = await startTestSandbox({ latencyMs: 0 });
  const { hostname, port } = new URL(sandbox.url);
  const sdk = new Stripe('sk_test_of_the_tests', {
    host: hostname,
    port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
  });
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await sandbox.call(path, { method, ...(body && { body }) });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const now = async () => {
    const answer = await sandbox.call('/_sandbox/clock');
    return new Date(JSON.parse(answer.text).now);
  };
  const setClock = (date: Date) => call('PUT', '/_sandbox/clock', { now: date.toISOString() });
  await call('PUT', '/_sandbox/stripe/webhook', { secret: webhookSecret, mode: 'hold' });
  return {
    sdk,
    sandbox,
    now,
    advance: async ({ days = 0, hours = 0 }) => {
      await setClock(new Date((await now()).getTime() + (days * 24 + hours) * 3_600_000));
    },
    advanceTo: async (seconds) => {
      await setClock(new Date(seconds * 1000));
    },
    act: (method, path, body) => call(method, `/_sandbox/stripe${path}`, body ?? {}),
    takeEvents: async (customer) => {
      const query = customer === undefined ? '' : `?customer=${customer}`;
      const answer = await sandbox.call(`/_sandbox/stripe/outbox${query}`);
      const taken: { body: string; headers: Record<string, string> }[] = JSON.parse(answer.text);
      return taken.map(({ body, headers }) =>
        sdk.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', webhookSecret),
      );
    },
    close: () => sandbox.close(),
  };
}

type EventObject<T extends Stripe.Event['type']> = Extract<Stripe.Event, { type: T }>['data']['object'];

/** The objects of the events of one type, in order. */
export function objectsOf<T extends Stripe.Event['type']>(events: readonly Stripe.Event[], type: T): EventObject<T>[] {
  const objects: unknown[] = events.filter((event) => event.type === type).map((event) => event.data.object);
  return objects as EventObject<T>[]; // The type of an event says what its object is.
}

export function typesOf(events: readonly Stripe.Event[]): string[] {
  return events.map(({ type }) => type);
}
