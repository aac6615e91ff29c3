import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks again and again until there is an answer; null, undefined and false are none.
 * @param what completes "… within n s" when the time is up.
 * @throws Error when the time is up, with what `explain` adds; and whatever `probe` throws.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  options: { timeoutMs?: number; intervalMs?: number; explain?: () => Promise<string> } = {},
): Promise<T> {
  const { timeoutMs = 20_000, intervalMs = 30, explain } = options;
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) {
      const details = explain ? `\n${await explain()}` : '';
      throw new Error(`${what}: not within ${timeoutMs / 1000} s${details}`);
    }
    await pause(intervalMs);
  }
}
