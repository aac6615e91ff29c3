import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { loadSecrets } from '@base/devstack/secrets';
import { createSecretBox, type SecretBox } from '@base/shared/crypto/secret-box';
import { makeWebhookSecret, webhookContext } from '@base/shared/crypto/webhook-secret';
import { type Received, type Receiver, startReceiver } from '@base/shared/testing/start-receiver';
import { until } from '@base/shared/testing/until';
import { Queue, Worker } from 'bullmq';
import { v7 as uuidV7 } from 'uuid';
import type { BenchContext } from './bench-context.ts';
import { makeAccounts } from './make-accounts.ts';
import type { Row, Section } from './section.ts';
import { percentile } from './statistics.ts';

const stuckMs = 180_000;

interface Delay {
  p50Ms: number;
  p95Ms: number;
}

/** How fast one worker delivers, and how long others wait while a hundred receivers hang. */
export async function measureWebhooks(bench: BenchContext): Promise<Section> {
  const { plan, stack } = bench;
  const { slots, hanging, timeoutMs } = plan.webhooks;
  const [well, stuck] = [await startReceiver(), await startReceiver()];
  stuck.answerWith('hang');
  const worker = await stack.startWorker('webhooks', {
    concurrency: slots,
    variables: { WORKER_CONCURRENCY: `webhook-delivery=${slots}` },
    args: [String(timeoutMs)],
  });
  try {
    const houses = await makeHouses(bench, well, stuck);
    const perSecond = await measureRate(bench, well, houses.well);
    const alone = await measureDelay(bench, well, houses.well);
    await writeEvents(bench, houses.stuck, plan.webhooks.perHanging);
    const beside = await measureDelay(bench, well, houses.well);
    const shared = await measureSharedQueue(bench, well, stuck);
    const present = (what: string, delay: Delay, rate: number | null): Row => ({
      what,
      messages_per_second: rate,
      p50_ms: delay.p50Ms,
      p95_ms: delay.p95Ms,
    });
    return {
      id: 'webhooks',
      title: `Webhooks: one worker with ${slots} places; ${hanging} receivers hang for ${timeoutMs / 1_000} s each time`,
      columns: [
        { key: 'what', label: 'what' },
        { key: 'messages_per_second', label: 'messages/s', digits: 0 },
        { key: 'p50_ms', label: 'delay p50 ms', digits: 0 },
        { key: 'p95_ms', label: 'p95 ms', digits: 0 },
      ],
      rows: [
        present('nobody hangs: BASE', alone, perSecond),
        present(`${hanging} hang: BASE`, beside, null),
        present(`${hanging} hang: one queue, first come first served`, shared, null),
      ],
      notes: [
        'Delay: from the event to the receiver that works, which is told now and then. Nothing wakes the worker here, so a look a second bounds it; ' +
          'the ends of jobs wake it at once. Sender, receivers and Postgres share the machine.',
      ],
    };
  } finally {
    await worker.kill();
    await Promise.all([well.close(), stuck.close()]);
    // What waits for those who hang would be sent on.
    await stack.database.pool.query('delete from webhook_lanes');
  }
}

interface Houses {
  well: string[];
  stuck: string[];
}

async function makeHouses(bench: BenchContext, well: Receiver, stuck: Receiver): Promise<Houses> {
  const { healthy, hanging } = bench.plan.webhooks;
  const { pool } = bench.stack.database;
  const { masterKey } = await loadSecrets(bench.stack.dataDir);
  const box = createSecretBox([masterKey]);
  const accounts = await makeAccounts(pool, { count: healthy + hanging, credits: 1 });
  for (const [index, account] of accounts.entries()) {
    await addEndpoint(bench, box, account, index < healthy ? well.url : stuck.url);
  }
  await pool.query(
    `update webhook_lanes l set is_proven = true, concurrency = 50 from webhooks w where w.id = l.id and w.url = $1`,
    [well.url],
  );
  const ids = accounts.map(({ organizationId }) => organizationId);
  return { well: ids.slice(0, healthy), stuck: ids.slice(healthy) };
}

async function addEndpoint(
  bench: BenchContext,
  box: SecretBox,
  { organizationId, userId }: { organizationId: string; userId: string },
  url: string,
): Promise<void> {
  const id = uuidV7();
  const sealed = box.seal(makeWebhookSecret(), webhookContext(organizationId, id));
  await bench.stack.database.pool.query(
    `insert into webhooks (id, organization_id, created_by, url, secret_ciphertext, max_concurrency, events)
     values ($1, $2, $3, $4, $5, 50, array['credits.low'])`,
    [id, organizationId, userId, url, sealed],
  );
}

async function writeEvents({ stack }: BenchContext, organizationIds: readonly string[], count: number): Promise<void> {
  await stack.database.pool.query(
    `insert into events (id, organization_id, type, resource_id, data)
     select public.uuid_v7(), o.id, 'credits.low', o.id, '{"available": 1, "threshold": 2}'
     from unnest($1::uuid[]) o (id), generate_series(1, $2)`,
    [organizationIds, count],
  );
}

async function measureRate(bench: BenchContext, well: Receiver, houses: readonly string[]): Promise<number> {
  const { messages } = bench.plan.webhooks;
  bench.say(`webhooks: ${messages} messages`);
  const startedAt = performance.now();
  await writeEvents(bench, houses, messages / houses.length);
  await until('all are delivered', () => well.received.length >= messages, { timeoutMs: stuckMs, intervalMs: 5 });
  return messages / ((performance.now() - startedAt) / 1_000);
}

async function measureDelay(bench: BenchContext, well: Receiver, houses: readonly string[]): Promise<Delay> {
  const { rounds, gapMs } = bench.plan.webhooks;
  bench.say('webhooks: delay');
  well.received.length = 0;
  for (let round = 0; round < rounds; round += 1) {
    await writeEvents(bench, houses, 1);
    await pause(gapMs);
  }
  const all = rounds * houses.length;
  await until('all are delivered', () => well.received.length >= all, { timeoutMs: stuckMs });
  return spreadOf(well.received, (one) => Date.parse(one.message.timestamp));
}

/** The usual way, to compare with: all messages in one BullMQ queue, with as many places. */
async function measureSharedQueue(bench: BenchContext, well: Receiver, stuck: Receiver): Promise<Delay> {
  const { stack, plan } = bench;
  const { slots, hanging, perHanging, healthy, rounds, gapMs, timeoutMs } = plan.webhooks;
  bench.say('webhooks: one queue for all');
  well.received.length = 0;
  const name = `bench-webhooks-${randomBytes(4).toString('hex')}`;
  const connection = stack.redis.duplicate();
  const queue = new Queue<{ url: string; at: number }>(name, { connection: stack.redis, prefix: stack.queuePrefix });
  const send = ({ url, at }: { url: string; at: number }) =>
    fetch(url, {
      method: 'POST',
      headers: { 'webhook-id': uuidV7() },
      body: JSON.stringify({ timestamp: new Date(at).toISOString() }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch(() => null); // A failure is the end of it here: nothing is tried again.
  const worker = new Worker<{ url: string; at: number }>(name, async (job) => void (await send(job.data)), {
    connection,
    prefix: stack.queuePrefix,
    concurrency: slots,
  });
  try {
    const messagesTo = (url: string, count: number) =>
      Array.from({ length: count }, () => ({ name: 'send', data: { url, at: Date.now() } }));
    await queue.addBulk(messagesTo(stuck.url, hanging * perHanging));
    for (let round = 0; round < rounds; round += 1) {
      await queue.addBulk(messagesTo(well.url, healthy));
      await pause(gapMs);
    }
    await until('all are delivered', () => well.received.length >= rounds * healthy, { timeoutMs: stuckMs });
    return spreadOf(well.received, (one) => Date.parse(one.message.timestamp));
  } finally {
    await worker.close(true);
    await queue.obliterate({ force: true });
    await queue.close();
    connection.disconnect();
  }
}

function spreadOf(received: readonly Received[], sentAt: (one: Received) => number): Delay {
  const delays = received.map((one) => performance.timeOrigin + one.at - sentAt(one));
  return { p50Ms: percentile(delays, 0.5), p95Ms: percentile(delays, 0.95) };
}
