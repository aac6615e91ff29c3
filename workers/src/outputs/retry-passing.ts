import { setTimeout as sleep } from 'node:timers/promises';
import { OutputError } from './output-error.ts';

const pausesMs = [200, 1_000];

/**
 * Runs a step that may be repeated, up to three times while it fails with a passing OutputError.
 * @throws what the step threw last, or the signal's reason.
 */
export async function retryPassing<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof OutputError) || !error.isPassing) throw error;
    }
    // The pause ends early when the caller gives up, and then it is the caller's reason that counts.
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  return step();
}
