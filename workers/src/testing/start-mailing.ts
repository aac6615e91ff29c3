import { randomUUID } from 'node:crypto';
import { type Config, envSchema } from '@base/shared/config/env-schema';
import { createSecretBox } from '@base/shared/crypto/secret-box';
import { createLogger } from '@base/shared/log/logger';
import { testMasterKeys } from '@base/shared/testing/master-keys';
import { signSession } from '@base/shared/testing/sign-session';
import { inject } from 'vitest';
import { sendEmails } from '../email/send-emails.ts';
import { createSmtpTransport } from '../email/smtp-transport.ts';
import { type Fleet, type StackTools, startFleet } from './start-fleet.ts';
import { type SmtpServer, startSmtp } from './start-smtp.ts';

export interface MailRow {
  id: string;
  template: string;
  category: string;
  status: string;
  attempts: number;
  last_error: string | null;
  message_id: string | null;
  wait_seconds: number;
}

export interface Person {
  token: string;
  userId: string;
  organizationId: string;
  email: string;
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  text: string;
}

/** For tests: an API node with a database of its own, and a mail server. Nothing is sent unless the test does it. */
export interface Mailing {
  fleet: Fleet;
  smtp: SmtpServer;
  config: Config;
  /** What workers are to be started with, so that they send there. */
  variables: Record<string, string>;
  newPerson(fields?: { email?: string; language?: string }): Promise<Person>;
  call(person: Person | null, method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends everything that is due, also what waits to be tried again, as a worker does. */
  send(changes?: Partial<Config>): Promise<void>;
  /** Somebody's e-mails, without those that everybody gets in their first week. */
  rows(person: Pick<Person, 'userId'> | { address: string }): Promise<MailRow[]>;
  /** Writes an e-mail of low credits to the admins of somebody's organization, which is still true when it is sent. */
  warn(person: Person, reference: string): Promise<void>;
  close(): Promise<void>;
}

export async function startMailing(tools: StackTools): Promise<Mailing> {
  const smtp = await startSmtp();
  const variables = { SMTP_URL: smtp.url, MAIL_FROM: 'BASE <mail@base.test>', APP_URL: 'https://app.test' };
  const fleet = await startFleet({ tools, apiNodes: 1, workers: 0, variables }).catch(async (error: unknown) => {
    await smtp.close();
    throw error;
  });
  const config = envSchema.parse({
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://api.test',
    DATABASE_URL: fleet.pool.options.connectionString,
    REDIS_URL: fleet.redis.url,
    SUPABASE_URL: inject('stack').supabase_url,
    SUPABASE_PUBLISHABLE_KEY: 'x',
    SUPABASE_SECRET_KEY: 'x',
    URL_SIGNING_SECRET: 'a signing secret for tests, nothing else',
    MASTER_KEYS: testMasterKeys,
    ...variables,
  });
  return build({ fleet, smtp, config, variables });
}

function build({ fleet, smtp, config, variables }: Pick<Mailing, 'fleet' | 'smtp' | 'config' | 'variables'>): Mailing {
  const { pool } = fleet;
  const log = createLogger({ level: 'silent', process: 'test' });
  const mailing: Mailing = {
    fleet,
    smtp,
    config,
    variables,
    async newPerson({ email = `${randomUUID()}@person.test`, language = 'en' } = {}) {
      const userId = randomUUID();
      const token = signSession({ id: userId, email }, inject('stack').supabase_jwt_secret ?? '');
      const person = { token, userId, organizationId: '', email };
      const { body } = await mailing.call(person, 'PATCH', '/me', {
        full_name: 'Ana Souza',
        preferences: { language },
      });
      const { id } = body.organization as { id: string }; // every person is in one
      return { ...person, organizationId: id };
    },
    call: (person, method, path, body) => callApi(fleet, person, method, path, body),
    async send(changes = {}) {
      await pool.query(
        `update email_outbox set next_attempt_at = clock_timestamp() where status = 'pending' and due_at <= clock_timestamp()`,
      );
      const changed = { ...config, ...changes };
      const transport = createSmtpTransport(changed);
      const secretBox = createSecretBox(changed.MASTER_KEYS);
      while ((await sendEmails({ config: changed, pool, log, secretBox, transport })) > 0);
      transport.close();
    },
    async rows(of) {
      const { rows } = await pool.query<MailRow>(
        `select id, template, category, status, attempts, last_error, message_id,
           extract(epoch from next_attempt_at - clock_timestamp())::float as wait_seconds
         from email_outbox where ${'userId' in of ? 'user_id = $1' : 'address = $1'} and template !~ '^(welcome|onboarding)' order by id`,
        ['userId' in of ? of.userId : of.address],
      );
      return rows;
    },
    async warn({ organizationId }, reference) {
      await pool.query(`select private.mail_admins($1, 'low_balance', $2, '{"available": 9, "threshold": 100000}')`, [
        organizationId,
        reference,
      ]);
    },
    async close() {
      await fleet.close();
      await smtp.close();
    },
  };
  return mailing;
}

async function callApi(
  fleet: Fleet,
  person: Person | null,
  method: string,
  path: string,
  body: unknown,
): Promise<Answer> {
  const answer = await fetch(`${fleet.apis[0]?.url}/api/v1${path}`, {
    method,
    headers: {
      ...(person !== null && { authorization: `Bearer ${person.token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /json/.test(answer.headers.get('content-type') ?? '');
  return { status: answer.status, text, body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} }; // the API answers objects
}
