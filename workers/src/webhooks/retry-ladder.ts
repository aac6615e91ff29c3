/** Seconds before each try, the first included: as Svix has them, 27 hours and 35 minutes in all. */
const ladder = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000] as const;
const jitter = 0.1;
const retryAfterMax = 86_400;

/**
 * How long to wait before the next try; null when there is none left.
 * @param failures how often it has failed, the last time included
 * @param retryAfterSeconds what the receiver asked for; it is given as much, up to a day
 * @param random from 0 to 1, so that what failed together is not tried together
 */
export function retrySeconds(failures: number, retryAfterSeconds: number | null, random: number): number | null {
  const seconds = ladder[failures];
  if (seconds === undefined) return null;
  const jittered = seconds * (1 - jitter + 2 * jitter * random);
  return Math.max(jittered, Math.min(retryAfterSeconds ?? 0, retryAfterMax));
}

/** `Retry-After` in seconds: a number, or a date. Null for anything else. */
export function readRetryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  // A date of HTTP begins with the day of the week; Date.parse takes much more for one.
  return Number.isNaN(at) || !/^[A-Z][a-z]+, /.test(header) ? null : Math.max(0, (at - nowMs) / 1000);
}
