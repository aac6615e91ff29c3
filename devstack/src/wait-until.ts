import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** Completes the sentence "… within n s" when the time is up. */
  what: string;
  timeoutMs: number;
  intervalMs?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Asks again and again until the answer is true.
 * @throws Error when the time is up, the reason of the signal when aborted, and whatever `isReached` throws.
 */
export async function waitUntil(isReached: () => Promise<boolean>, options: WaitOptions): Promise<void> {
  const endMs = Date.now() + options.timeoutMs;
  while (true) {
    options.signal?.throwIfAborted();
    if (await isReached()) return;
    if (Date.now() > endMs) throw new Error(`${options.what} within ${options.timeoutMs / 1000} s`);
    await pause(options.intervalMs ?? 25);
  }
}

/** Whether a GET answers with a 2xx status; a refused connection or a slow answer (over 2 s) is a no. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // Not there yet: asking again is the caller's job.
  }
}
