import * as z from 'zod';

const secondsMax = 60;
/** Preferences stand between commas, which quoted values may hold too; a quote that never ends holds all the rest. */
const preferences = /(?:[^,"]|"(?:\\.|[^"\\])*(?:"|\\?$))+/g;

/** For `headers` of the endpoints that wait. */
export const preferHeaders = z.object({
  prefer: z.string().optional().meta({
    description:
      '`wait=n`: answer when the job has ended, after at most n seconds (1 to 60; RFC 7240). Other preferences are ignored.',
    example: 'wait=30',
  }),
});

/**
 * The seconds of `Prefer: wait=n`, at most 60; null when the caller prefers nothing that can be given. By RFC 7240 only
 * the first of equal names counts, and what is unknown or malformed is ignored.
 */
export function readWaitSeconds(prefer: string | undefined): number | null {
  const wait = prefer?.match(preferences)?.find((preference) => /^\s*wait\s*(?:[=;]|$)/i.test(preference));
  const digits = wait === undefined ? undefined : /^\s*wait\s*=\s*(?:(\d+)|"(\d+)")\s*(?:;|$)/i.exec(wait);
  const seconds = Number(digits?.[1] ?? digits?.[2] ?? 0);
  return seconds >= 1 ? Math.min(seconds, secondsMax) : null;
}
