import http from 'node:http';
import { type Notice, sendNotices } from '@base/shared/queue/notices';
import { v7 as makeUuidV7 } from 'uuid';
import type { BenchContext } from './bench-context.ts';
import type { BenchProcess } from './bench-stack.ts';
import { readMemory } from './memory-use.ts';
import type { Row, Section } from './section.ts';
import { percentile } from './statistics.ts';

const openAtOnce = 100;
const receiveTimeoutMs = 60_000;

/** Open event streams on one node: what one of them takes, and how late an event is for all of them. */
export async function measureStreams(bench: BenchContext, api: BenchProcess): Promise<Section> {
  const { streams: count } = bench.plan;
  const before = readMemory(api.pid)?.now ?? null;
  bench.say(`streams: ${count} to one node`);
  const readers = await openAll(bench, api, count);
  try {
    const after = readMemory(api.pid)?.now ?? null;
    const perStream = before === null || after === null ? null : (after - before) / 1024 / count;
    const rows: Row[] = [
      await tellAll(bench, readers, 'told by Redis', true, perStream),
      await tellAll(bench, readers, 'found in Postgres: Redis says nothing', false, perStream),
    ];
    return {
      id: 'streams',
      title: 'Event streams: one event for every organization',
      columns: [
        { key: 'what', label: 'what' },
        { key: 'streams', label: 'open streams', digits: 0 },
        { key: 'kb_per_stream', label: 'KB each', digits: 1 },
        { key: 'p50_ms', label: 'delay p50 ms', digits: 0 },
        { key: 'p95_ms', label: 'p95 ms', digits: 0 },
        { key: 'max_ms', label: 'max ms', digits: 0 },
      ],
      rows,
      notes: [
        'Memory is what the node’s resident memory grew by while they were opened, sockets’ buffers in the kernel not counted.',
      ],
    };
  } finally {
    for (const reader of readers) reader.leave();
  }
}

interface Reader {
  organizationId: string;
  /** When each event came, by `performance.now()`. */
  arrivals: Map<string, number>;
  leave(): void;
}

async function openAll({ accounts }: BenchContext, api: BenchProcess, count: number): Promise<Reader[]> {
  const readers: Reader[] = [];
  while (readers.length < count) {
    const some = Array.from({ length: Math.min(openAtOnce, count - readers.length) }, (_, index) => {
      const account = accounts.many[(readers.length + index) % accounts.many.length];
      if (account === undefined) throw new Error('there are no accounts');
      return openStream(api.url, account);
    });
    readers.push(...(await Promise.all(some)));
  }
  return readers;
}

function openStream(url: string, { organizationId, key }: { organizationId: string; key: string }): Promise<Reader> {
  const arrivals = new Map<string, number>();
  return new Promise((resolve, reject) => {
    const request = http.get(
      `${url}/api/v1/events/stream`,
      { agent: false, headers: { 'x-api-key': key } },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`no stream: ${response.statusCode}`));
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          for (const [, id = ''] of text.matchAll(/^id: (\S+)$/gm)) arrivals.set(id, performance.now());
        });
        response.on('error', () => {});
        resolve({ organizationId, arrivals, leave: () => request.destroy() });
      },
    );
    request.on('error', reject);
  });
}

/** Writes one event for every organization and waits until every stream has it. */
async function tellAll(
  { stack, accounts, problems }: BenchContext,
  readers: readonly Reader[],
  what: string,
  isNotified: boolean,
  perStream: number | null,
): Promise<Row> {
  const told = new Map<string, { eventId: string; at: number }>();
  const ids = accounts.many.map((account) => account.organizationId);
  const { rows } = await stack.database.pool.query<{ organization_id: string; id: string }>(
    `insert into public.events (id, organization_id, type, resource_id, data)
     select public.uuid_v7(), o.id, 'credits.low', o.id, '{"available": 1, "threshold": 2}' from unnest($1::uuid[]) o (id)
     returning organization_id, id`,
    [ids],
  );
  const at = performance.now();
  for (const row of rows) told.set(row.organization_id, { eventId: row.id, at });
  const notice: Notice = { job_id: makeUuidV7(), status: 'completed' };
  if (isNotified)
    sendNotices(
      stack.redis,
      stack.queuePrefix,
      ids.map((organizationId) => ({ organizationId, notice })),
    );
  const missing = () =>
    readers.filter((reader) => !reader.arrivals.has(told.get(reader.organizationId)?.eventId ?? ''));
  while (missing().length > 0 && performance.now() - at < receiveTimeoutMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const late = missing().length;
  if (late > 0) problems.push(`${late} streams have not had their event`);
  const delays = readers.flatMap((reader) => {
    const { eventId, at: sentAt } = told.get(reader.organizationId) ?? { eventId: '', at: 0 };
    const arrived = reader.arrivals.get(eventId);
    return arrived === undefined ? [] : [arrived - sentAt];
  });
  return {
    what,
    streams: readers.length,
    kb_per_stream: perStream,
    p50_ms: percentile(delays, 0.5),
    p95_ms: percentile(delays, 0.95),
    max_ms: Math.max(...delays),
  };
}
