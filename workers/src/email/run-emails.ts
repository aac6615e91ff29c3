import type { WorkerDeps } from '../start/deps.ts';
import { sendEmails } from './send-emails.ts';
import { createSmtpTransport } from './smtp-transport.ts';

/** How soon an e-mail that was just written is seen. Nothing due costs one look into an index. */
const everyMs = 3_000;

/**
 * Sends e-mails as long as this process lives, when it has a mail server. It needs no Redis: the outbox is the queue.
 * @returns a function that takes no more and waits for those under way.
 */
export function runEmails({ config, pool, log, secretBox }: WorkerDeps): () => Promise<void> {
  if (config.SMTP_URL === undefined) {
    log.warn('SMTP_URL is not set: e-mails are kept, and none is sent');
    return async () => {};
  }
  const transport = createSmtpTransport(config);
  let isStopping = false;
  let running: Promise<void> | null = null;

  async function sendAll(): Promise<void> {
    try {
      while (!isStopping && (await sendEmails({ config, pool, log, secretBox, transport })) > 0);
    } catch (err) {
      log.warn({ err }, 'e-mails could not be taken; it is tried again soon');
    }
  }
  const timer = setInterval(() => {
    running ??= sendAll().finally(() => {
      running = null;
    });
  }, everyMs);
  return async () => {
    isStopping = true;
    clearInterval(timer);
    await running;
    transport.close();
  };
}
