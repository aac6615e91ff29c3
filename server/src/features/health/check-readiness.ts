import { generationQueues } from '@base/shared/queue/queues';
import * as z from 'zod';
import type { Deps } from '../../deps.ts';
import { endpoint, ok, type Reply } from '../../http/endpoint.ts';
import { within } from '../../http/within.ts';

const queues = Object.values(generationQueues);
const timeoutMs = 1_000;

const part = z.object({
  state: z.enum(['up', 'down']),
  latency_ms: z.number().nullable(),
});
const queueCounts = z.object({ waiting: z.int(), active: z.int(), delayed: z.int() });
const readiness = z
  .object({
    status: z.enum(['ready', 'degraded', 'unavailable', 'draining']),
    postgres: part,
    redis: part,
    queues: part.extend({
      counts: z.record(z.string(), queueCounts).nullable().meta({ description: 'Null while Redis is down.' }),
    }),
  })
  .meta({ id: 'Readiness' });

type Readiness = z.infer<typeof readiness>;
type Part = z.infer<typeof part>;
type Counts = Record<string, z.infer<typeof queueCounts>>;

/**
 * Readiness: whether this node should get requests. Without Postgres nothing works; without Redis jobs are admitted
 * and wait, so the node stays in service and says `degraded`.
 */
export const checkReadiness = endpoint({
  method: 'get',
  path: '/health/ready',
  tag: 'health',
  summary: 'Whether this node can serve, and the state of what it needs',
  access: 'public',
  addressLimit: 'none',
  responses: {
    200: { description: 'Ready; `degraded` while Redis is down.', body: readiness },
    503: { description: 'Postgres is down, or the node is about to end.', body: readiness },
  },
  async handle({ deps }) {
    const [postgres, redis, queues] = await Promise.all([
      measure(() => deps.pool.query('select 1')),
      measure(() => deps.redis.ping()),
      measure(() => countQueues(deps)),
    ]);
    const body = {
      postgres: postgres.part,
      redis: redis.part,
      queues: { ...queues.part, counts: queues.value },
    };
    if (deps.draining.aborted) return unready({ status: 'draining', ...body });
    if (postgres.part.state === 'down') return unready({ status: 'unavailable', ...body });
    return ok<Readiness>({ status: redis.part.state === 'up' ? 'ready' : 'degraded', ...body });
  },
});

function unready(body: Readiness): Reply<503, Readiness> {
  return { status: 503, body };
}

async function measure<T>(ask: () => Promise<T>): Promise<{ part: Part; value: T | null }> {
  const startedAt = performance.now();
  try {
    const value = await within(timeoutMs, ask());
    const ms = Math.round((performance.now() - startedAt) * 10) / 10;
    return { part: { state: 'up', latency_ms: ms }, value };
  } catch {
    // Being down is the answer here, not an error.
    return { part: { state: 'down', latency_ms: null }, value: null };
  }
}

/** How much work stands in each queue, by BullMQ's own keys. */
async function countQueues({ redis, config }: Deps): Promise<Counts> {
  const pipeline = redis.pipeline();
  for (const name of queues) {
    const key = `${config.QUEUE_PREFIX}:${name}`;
    pipeline.llen(`${key}:wait`).zcard(`${key}:prioritized`).llen(`${key}:active`).zcard(`${key}:delayed`);
  }
  const results = (await pipeline.exec()) ?? [];
  const counts = results.map(([error, value]) => {
    if (error !== null) throw error;
    return Number(value);
  });
  return Object.fromEntries(
    queues.map((name, index) => {
      const [wait = 0, prioritized = 0, active = 0, delayed = 0] = counts.slice(index * 4, index * 4 + 4);
      return [name, { waiting: wait + prioritized, active, delayed }];
    }),
  );
}
