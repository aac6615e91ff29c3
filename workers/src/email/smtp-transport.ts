import type { Config } from '@base/shared/config/env-schema';
import nodemailer from 'nodemailer';

export interface OutgoingEmail {
  messageId: string;
  /** The mail server takes what it has seen under this key for the same e-mail. */
  idempotencyKey: string;
  to: { name: string; address: string };
  subject: string;
  html: string;
  text: string;
  /** Null for e-mails that cannot be unsubscribed from. */
  unsubscribeUrl: string | null;
}

export interface MailTransport {
  /** Resolves when the mail server has taken it. @throws NodemailerError */
  send(email: OutgoingEmail): Promise<void>;
  close(): void;
}

/** Longer than a mail server takes, and far below the time that a worker has an e-mail for. */
const sendMaxMs = 60_000;

/**
 * A pool of connections to the mail server. It tries nothing again: the outbox does, which knows how often and for how
 * long. E-mails are made of what they are given; no file and no address is ever opened for one.
 */
export function createSmtpTransport(
  config: Pick<Config, 'SMTP_URL' | 'MAIL_FROM' | 'PRIVATE_HOSTS_ALLOWED'>,
): MailTransport {
  const { MAIL_FROM: from = '' } = config;
  const transport = nodemailer.createTransport({
    ...readSmtpUrl(config.SMTP_URL ?? '', config.PRIVATE_HOSTS_ALLOWED),
    pool: true,
    maxConnections: 5,
    maxMessages: 100,
    maxRequeues: 0,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // Failures reach whoever sends; a connection that breaks while idle is no failure.
  transport.on('error', () => {});
  return {
    async send({ messageId, idempotencyKey, to, subject, html, text, unsubscribeUrl }) {
      await transport.sendMail({
        from,
        to,
        subject,
        html,
        text,
        messageId,
        headers: {
          'Resend-Idempotency-Key': idempotencyKey,
          // So that holiday notices and the like do not answer.
          'Auto-Submitted': 'auto-generated',
          ...(unsubscribeUrl !== null && { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }),
        },
        ...(unsubscribeUrl !== null && { list: { unsubscribe: unsubscribeUrl } }),
        disableFileAccess: true,
        disableUrlAccess: true,
        signal: AbortSignal.timeout(sendMaxMs),
      });
    },
    close: () => transport.close({ force: true }),
  };
}

/** Passwords and e-mails go over TLS, but to this machine and what development was told to trust. */
function readSmtpUrl(smtpUrl: string, privateHosts: readonly string[]) {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl);
  const secure = protocol === 'smtps:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isTrusted = ['localhost', '127.0.0.1', '::1', ...privateHosts].includes(host);
  return {
    host,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !isTrusted,
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  };
}

/** What stands behind the @ of the sender; Message-IDs end in it. */
export function senderDomain(from: string): string {
  return /@([^<>\s@]+)>?$/.exec(from)?.[1] ?? 'localhost';
}
