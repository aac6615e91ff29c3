import type { BenchContext } from './bench-context.ts';
import { checkCompleted } from './check-completed.ts';
import { type DiscardingStorage, startDiscardingStorage } from './discarding-storage.ts';
import { makeAccount } from './make-accounts.ts';
import { readMemory, toMegabytes } from './memory-use.ts';
import { openOrderDesk } from './place-orders.ts';
import type { Row, Section } from './section.ts';
import { untilEnded } from './until-ended.ts';

type Way = 'streaming' | 'buffering';

const names: Readonly<Record<Way, string>> = {
  streaming: 'by way of the disk, as it comes: BASE',
  buffering: 'whole in memory: arrayBuffer()',
};

/** What a worker with a small heap needs for a large video, from the provider to the storage. */
export async function measureOutputs(bench: BenchContext): Promise<Section> {
  const { heapMb, streamedMb, bufferedMb } = bench.plan.outputs;
  const storage = await startDiscardingStorage();
  const rows: Row[] = [];
  try {
    const videos: [Way, number][] = streamedMb.map((megabytes) => ['streaming', megabytes]);
    for (const [way, megabytes] of [...videos, ['buffering', bufferedMb] as const]) {
      bench.say(`outputs: a video of ${megabytes} MB, ${names[way]}`);
      rows.push(await storeVideo(bench, storage, way, megabytes));
    }
  } finally {
    await storage.close();
  }
  return {
    id: 'outputs',
    title: `Outputs: one video through a worker process with a heap of at most ${heapMb} MB`,
    columns: [
      { key: 'way', label: 'way' },
      { key: 'megabytes', label: 'MB', digits: 0 },
      { key: 'idle_mb', label: 'memory: MB idle', digits: 0 },
      { key: 'peak_mb', label: 'MB most', digits: 0 },
      { key: 'more_mb', label: 'more', digits: 0 },
      { key: 'more_per_mb', label: 'per MB of video', digits: 2 },
      { key: 'mb_per_second', label: 'MB/s', digits: 0 },
    ],
    rows,
    notes: [
      'A whole job: the sandbox sends the video, the worker inspects it, and a storage on the same machine counts its bytes.',
    ],
  };
}

async function storeVideo(bench: BenchContext, storage: DiscardingStorage, way: Way, megabytes: number): Promise<Row> {
  const { stack, plan } = bench;
  const account = await makeAccount(stack.database.pool, { credits: 1_000_000 });
  const worker = await stack.startWorker(way, {
    concurrency: 1,
    heapMb: plan.outputs.heapMb,
    variables: { SUPABASE_URL: storage.url, POLL_INTERVAL_MS: '20' },
  });
  const desk = openOrderDesk(bench);
  try {
    const idle = readMemory(worker.pid);
    const startedAt = performance.now();
    const prompt = `A lighthouse [sandbox: latency=0, bytes=${megabytes * 2 ** 20}]`;
    const ids = await desk.place([
      bench.makeReservation(account, { model: 'replicate/hailuo-2.3', input: { prompt } }),
    ]);
    await untilEnded(bench, ids);
    const seconds = (performance.now() - startedAt) / 1_000;
    await checkCompleted(bench, ids);
    const peakMb = toMegabytes(readMemory(worker.pid)?.peak);
    const idleMb = toMegabytes(idle?.now);
    const moreMb = peakMb === null || idleMb === null ? null : peakMb - idleMb;
    return {
      way: names[way],
      megabytes,
      idle_mb: idleMb,
      peak_mb: peakMb,
      more_mb: moreMb,
      more_per_mb: moreMb === null ? null : moreMb / megabytes,
      mb_per_second: megabytes / seconds,
    };
  } finally {
    await desk.close();
    await worker.stop();
  }
}
