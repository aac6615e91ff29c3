import * as z from 'zod';

/** What becomes of an e-mail that could not be sent: never, or again after so many seconds. */
export type Verdict =
  | { status: 'failed'; reason: string }
  | { status: 'pending'; reason: string; retrySeconds: number };

/** Times that an e-mail is tried before it is given up. */
export const attemptsMax = 8;

const minute = 60;
const hour = 60 * minute;
/** After the first, second … failure: some sixteen hours in all, so that an evening's outage delays and loses nothing. */
const waits = [minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 6 * hour];
const reasonMax = 300;

// The parts of nodemailer's errors that say what happened.
const smtpError = z.object({
  permanent: z.boolean().optional(),
  command: z.string().optional(),
  code: z.string().optional(),
});

/**
 * Judges a failure. The server's 5xx to the recipient or to the e-mail itself is final. The same to signing in or to the
 * sender is a fault of the configuration, and every e-mail would have it: those wait to be sent when it is mended.
 */
export function judgeFailure(error: unknown, attempts: number): Verdict {
  const reason = (error instanceof Error ? error.message : String(error)).slice(0, reasonMax);
  if (isFinal(error)) return { status: 'failed', reason };
  const wait = waits[attempts - 1];
  if (attempts >= attemptsMax || wait === undefined) return { status: 'failed', reason };
  return { status: 'pending', reason, retrySeconds: Math.round(wait * (0.9 + Math.random() * 0.2)) };
}

function isFinal(error: unknown): boolean {
  // Data that no e-mail can be written with does not become better.
  if (error instanceof z.ZodError || error instanceof UnsendableError) return true;
  const { data } = smtpError.safeParse(error);
  return (
    data?.permanent === true &&
    data.code !== 'EAUTH' &&
    !/^(AUTH|MAIL FROM|EHLO|HELO|STARTTLS|CONN)/.test(data.command ?? '')
  );
}

/** Something in the outbox that cannot be made an e-mail of. */
export class UnsendableError extends Error {
  override name = 'UnsendableError';
}
