import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { OutputError } from './output-error.ts';

/** What a file says of itself; nothing of it is checked. */
export interface MediaFacts {
  /** By its first bytes. */
  mime: string;
  hasAudio: boolean;
  hasVideo: boolean;
  durationSeconds: number | null;
  /** Whether it is an MP4 stream in fragments, whose index may leave the duration out. */
  isFragmented: boolean;
  width: number | null;
  height: number | null;
}

/** `facts` is null for content of no known type. */
export type MediaAnswer = { facts: MediaFacts | null } | { problem: string };

const timeoutMs = 60_000;
const heapMegabytesMax = 64;

/**
 * Reads what a video or audio file is and how long it lasts. A thread of its own does it: whatever a file makes a
 * parser do, the worker's other jobs go on, and the thread is ended when it takes too much time or memory.
 * @throws OutputError `output_invalid` when the file cannot be read within these limits; the signal's reason.
 */
export async function readMedia(path: string, signal: AbortSignal): Promise<MediaFacts | null> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutMs);
  const thread = new Worker(new URL('./read-media-thread.ts', import.meta.url), {
    workerData: { path },
    // It needs no secrets, and no flags of the process.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
  });
  try {
    const answered = await once(thread, 'message', { signal: AbortSignal.any([signal, deadline]) });
    const [answer]: MediaAnswer[] = answered;
    if (answer === undefined) throw new Error('no answer from the thread');
    if ('problem' in answer) throw new OutputError('output_invalid', answer.problem);
    return answer.facts;
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) throw new OutputError('output_invalid', `could not be read within ${timeoutMs} ms`);
    if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
      throw new OutputError('output_invalid', 'takes too much memory to read');
    throw error;
  } finally {
    await thread.terminate();
  }
}
