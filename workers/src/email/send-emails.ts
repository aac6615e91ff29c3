import type { Logger } from '@base/shared/log/logger';
import type { Pool } from 'pg';
import { type ComposeDeps, composeEmail } from './compose-email.ts';
import { type ClaimedEmail, claimEmails, type Ending, endEmail } from './email-store.ts';
import { attemptsMax, judgeFailure } from './judge-failure.ts';
import type { MailTransport, OutgoingEmail } from './smtp-transport.ts';

export interface SendDeps extends ComposeDeps {
  pool: Pool;
  log: Logger;
  transport: MailTransport;
}

/** As many as are sent at a time twice over: the first are marked while the last still wait for a connection. */
const batchSize = 10;
/** A batch takes at most twice the time of one e-mail, which has 60 seconds. */
const leaseSeconds = 300;

/** Sends what is due, a batch at most. @returns how many e-mails it was at */
export async function sendEmails(deps: SendDeps): Promise<number> {
  const claimed = await claimEmails(deps.pool, { limit: batchSize, leaseSeconds, attemptsMax });
  await Promise.all(claimed.map((email) => sendOne(deps, email)));
  return claimed.length;
}

async function sendOne(deps: SendDeps, email: ClaimedEmail): Promise<void> {
  const log = deps.log.child({ email_id: email.id, template: email.template });
  const ending = await trySending(deps, email);
  // The address stays out of the log.
  if (ending.status === 'sent') log.info('e-mail sent');
  else log.warn({ reason: ending.reason, attempts: email.attempts, status: ending.status }, 'an e-mail was not sent');
  try {
    const isOurs = await endEmail(deps.pool, email, ending);
    if (!isOurs) log.warn('an e-mail took longer than its lease');
  } catch (err) {
    // Its lease runs out, and it is tried again under the same Message-ID.
    log.warn({ err }, 'what became of an e-mail could not be written');
  }
}

async function trySending(deps: SendDeps, email: ClaimedEmail): Promise<Ending> {
  try {
    const outgoing: OutgoingEmail = composeEmail(deps, email);
    await deps.transport.send(outgoing);
    return { status: 'sent', messageId: outgoing.messageId };
  } catch (error) {
    return judgeFailure(error, email.attempts);
  }
}
