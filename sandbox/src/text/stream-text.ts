import type { Response } from 'express';
import type { TaskFault } from '../faults.ts';
import { keepSilent, resetMidway } from '../paid-call.ts';
import type { Task } from '../task.ts';
import { waitForClient } from '../wait-for-client.ts';
import { firstHalf } from './write-answer.ts';

/** How a stream of server-sent events goes on once its deltas, or half of them, are out. */
export type StreamEnd = 'complete' | 'fails' | 'breaks' | 'stays_silent' | 'malformed';

/** What a provider puts into the events of its stream, each as it goes over the wire. */
export interface StreamWords {
  opening(): string;
  delta(text: string): string;
  closing(): string;
  /** Of a stream that the provider gives up half-way. */
  failure(): string;
}

const slowMs = 15_000;
const hugeBytes = 110 * 1024 * 1024;
const hugeDelta = 'A'.repeat(64 * 1024);

/** One server-sent event with JSON data. */
export function jsonEvent(data: unknown, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/**
 * Streams deltas over the task's latency and then ends as its fault wants it. A client that leaves ends it, which is not
 * an error here. After half of the deltas the stream may break: by an error event, a reset, silence, an event cut off.
 */
export async function streamText(
  res: Response,
  task: Task,
  deltas: readonly string[],
  words: StreamWords,
  end: StreamEnd = endOf(task),
): Promise<void> {
  const latencyMs = task.fault === 'slow_output' ? Math.max(task.latencyMs, slowMs) : task.latencyMs;
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  await write(res, words.opening());
  const startedAtMs = Date.now();
  for (const [index, delta] of (end === 'complete' ? deltas : firstHalf(deltas)).entries()) {
    const dueAtMs = startedAtMs + (latencyMs * (index + 1)) / deltas.length;
    if (!(await waitForClient(res, dueAtMs - Date.now()))) return;
    await write(res, words.delta(delta));
  }
  // An answer without a text has taken its time as well.
  if (deltas.length === 0 && !(await waitForClient(res, latencyMs))) return;
  if (task.fault === 'huge_output') await writeHugeRest(res, words);
  return finish(res, words, end);
}

function endOf({ fault, ending }: Task): StreamEnd {
  const ends: Partial<Record<TaskFault, StreamEnd>> = { cut_stream: 'breaks', stream_error: 'fails' };
  if (ending === 'never') return 'stays_silent';
  if (ending !== 'succeeded') return 'fails';
  return (fault === null ? undefined : ends[fault]) ?? 'complete';
}

async function finish(res: Response, words: StreamWords, end: StreamEnd): Promise<void> {
  switch (end) {
    case 'complete':
      res.end(words.closing());
      return;
    case 'fails':
      res.end(words.failure());
      return;
    case 'malformed': {
      const event = words.delta('…');
      res.end(`${event.slice(0, Math.floor(event.length * 0.6))}\n\n`);
      return;
    }
    case 'breaks':
      return resetMidway(res);
    case 'stays_silent':
      return keepSilent(res);
    default:
      return end satisfies never;
  }
}

async function writeHugeRest(res: Response, words: StreamWords): Promise<void> {
  for (let sent = 0; sent < hugeBytes && !res.destroyed; sent += hugeDelta.length) {
    await write(res, words.delta(hugeDelta));
  }
}

/** Waits until the text has left the process, so that a reset after it does not take it back, or until the client has left. */
function write(res: Response, text: string): Promise<void> {
  if (text === '' || res.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      res.off('close', finish);
      resolve();
    };
    res.once('close', finish);
    res.write(text, finish);
  });
}
