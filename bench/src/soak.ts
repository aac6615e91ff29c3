import { setTimeout as pause } from 'node:timers/promises';
import type { BenchContext } from './bench-context.ts';
import type { BenchProcess } from './bench-stack.ts';
import type { JobOrder } from './make-reservation.ts';
import { toMegabytes } from './memory-use.ts';
import { openOrderDesk } from './place-orders.ts';
import { fetchMetrics, readMetric } from './read-metric.ts';
import type { Row, Section } from './section.ts';
import { average, slope } from './statistics.ts';
import { untilEnded } from './until-ended.ts';

/** What is watched, by its name on the metrics port. */
const figures = {
  process_resident_memory_bytes: 'resident memory',
  nodejs_heap_size_used_bytes: 'heap in use',
  nodejs_heap_size_total_bytes: 'heap',
  nodejs_external_memory_bytes: 'buffers outside the heap',
} as const;
type Figure = keyof typeof figures;

interface Sample {
  atSeconds: number;
  values: Record<Figure, number>;
}

const warmUpMs = 60_000;
const sampleMs = 10_000;
const roundMs = 2_000;
/** With so many unfinished the machine cannot follow, and a round is left out. */
const unfinishedMax = 200;

const sandbox = '[sandbox: latency=1500]';
const prompt = `A lighthouse at dusk ${sandbox}`;
const chat = { messages: [{ role: 'user', content: `Describe a lighthouse. ${sandbox}` }] };

/** One round: jobs of all types, by synchronous, polled and streaming providers. */
const orders: readonly JobOrder[] = [
  { model: 'replicate/flux-schnell', input: { prompt } },
  { model: 'openai/gpt-image-2', input: { prompt } },
  { model: 'freepik/mystic', input: { prompt } },
  { model: 'fal/flux-schnell', input: { prompt } },
  { model: 'replicate/hailuo-2.3', input: { prompt: `A lighthouse [sandbox: latency=1500, bytes=3000000]` } },
  {
    model: 'elevenlabs/eleven_flash_v2_5',
    input: { voice_id: 'JBFqnCBsd6RMkjVDRZzb', text: `A lighthouse. ${sandbox}` },
  },
  { model: 'openai/tts-1', input: { voice: 'alloy', input: `A lighthouse. ${sandbox}` } },
  { model: 'openai/gpt-6-luna', input: chat },
  { model: 'openrouter/llama-4-maverick', input: chat },
];

/** Whether the memory of one worker stays what it is under steady load of all kinds. */
export async function runSoak(bench: BenchContext, minutes: number): Promise<Section> {
  const { stack } = bench;
  const api = await stack.startApi('batched');
  const worker = await stack.startWholeWorker({ concurrency: 20 });
  const load = startLoad(bench);
  const samples = await takeSamples(bench, worker, load, minutes).finally(() => load.stop());
  await worker.stop();
  await api.stop();
  return present(samples, minutes, await countEnds(bench));
}

interface Load {
  /** Rejects when something could not be ordered. */
  running: Promise<void>;
  /** Waits until all that was ordered has ended. */
  stop(): Promise<void>;
}

function startLoad(bench: BenchContext): Load {
  const desk = openOrderDesk(bench);
  const ids: string[] = [];
  let isOver = false;
  const account = bench.accounts.hot[0];
  if (!account) throw new Error('there is no account to order for');
  const run = async (): Promise<void> => {
    while (!isOver) {
      const nextAt = performance.now() + roundMs;
      if ((await countUnfinished(bench)) < unfinishedMax) {
        ids.push(...(await desk.place(orders.map((order) => bench.makeReservation(account, order)))));
      }
      await pause(Math.max(0, nextAt - performance.now()));
    }
    await untilEnded(bench, ids);
    await desk.close();
  };
  const running = run();
  return {
    running,
    stop() {
      isOver = true;
      return running;
    },
  };
}

async function takeSamples(
  bench: BenchContext,
  worker: BenchProcess,
  { running }: Load,
  minutes: number,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  // Without load there is nothing to measure.
  const wait = (ms: number) => Promise.race([pause(ms), running]);
  bench.say(`soak: warming up for ${warmUpMs / 1_000} s`);
  await wait(warmUpMs);
  const startedAt = performance.now();
  while (performance.now() - startedAt < minutes * 60_000) {
    await wait(sampleMs);
    const metrics = await fetchMetrics(worker.metricsUrl);
    const atSeconds = (performance.now() - startedAt) / 1_000;
    const values = Object.fromEntries(Object.keys(figures).map((name) => [name, readMetric(metrics, name)]));
    samples.push({ atSeconds, values: values as Record<Figure, number> }); // the keys are those of the table
    const shown = toMegabytes(values.process_resident_memory_bytes)?.toFixed(0);
    bench.say(`soak: ${atSeconds.toFixed(0)} s, ${shown} MB resident`);
  }
  return samples;
}

async function countUnfinished({ stack }: BenchContext): Promise<number> {
  const { rows } = await stack.database.pool.query<{ count: number }>(
    "select count(*) from public.ai_jobs where status in ('pending', 'queued', 'processing')",
  );
  return rows[0]?.count ?? 0;
}

/** How many jobs of each model ended how; notes a problem when one did not complete. */
async function countEnds({ stack, problems }: BenchContext): Promise<number> {
  const { rows } = await stack.database.pool.query<{ model: string; status: string; error: string | null; n: number }>(
    `select provider || '/' || model as model, status, error_code as error, count(*) as n from public.ai_jobs group by 1, 2, 3`,
  );
  const failed = rows.filter(({ status }) => status !== 'completed');
  problems.push(...failed.map(({ model, status, error, n }) => `${n} jobs of ${model} ended as ${status}: ${error}`));
  return rows.reduce((sum, { status, n }) => sum + (status === 'completed' ? n : 0), 0);
}

function present(samples: readonly Sample[], minutes: number, completed: number): Section {
  const third = Math.ceil(samples.length / 3);
  const rows = Object.entries(figures).map(([name, what]): Row => {
    const values = samples.map((sample) => Number(toMegabytes(sample.values[name as Figure]))); // a key of the table
    const [first, last] = [average(values.slice(0, third)), average(values.slice(-third))];
    const points = values.map((y, index) => ({ x: (samples[index]?.atSeconds ?? 0) / 60, y }));
    return { what, first, last, growth: last - first, per_minute: slope(points) };
  });
  return {
    id: 'soak',
    title: `Memory of one worker over ${minutes} minutes of steady load`,
    columns: [
      { key: 'what', label: 'MB' },
      { key: 'first', label: 'first third', digits: 1 },
      { key: 'last', label: 'last third', digits: 1 },
      { key: 'growth', label: 'more', digits: 1 },
      { key: 'per_minute', label: 'MB/minute', digits: 2 },
    ],
    rows,
    notes: [
      `${samples.length} samples, one every ${sampleMs / 1_000} s after ${warmUpMs / 1_000} s of warming up; ${completed} jobs completed, of all types. MB/minute is the slope of the line that fits best.`,
    ],
  };
}
