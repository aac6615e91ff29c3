import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { type Mailing, type Person, startMailing } from '../testing/start-mailing.ts';
import { startSmtp } from '../testing/start-smtp.ts';

let mailing: Mailing;
beforeAll(async () => {
  mailing = await startMailing({ systemVariables, pickFreePorts, startRedis });
});
afterAll(async () => {
  const { rows } = await mailing.fleet.pool.query('select * from verify_ledger()');
  expect(rows).toEqual([]);
  await mailing.close();
});

const onlyRow = async (person: Person) => {
  const [row, ...more] = await mailing.rows(person);
  if (row === undefined || more.length > 0) throw new Error(`${more.length} too many, or none`);
  return row;
};

describe('what is due', () => {
  it('is sent once each, although two workers look for it at the same time', async () => {
    const people = await Promise.all(Array.from({ length: 15 }, () => mailing.newPerson()));
    for (const person of people) await mailing.warn(person, 'race');
    const variables = { ...mailing.variables, WORKER_QUEUES: 'email' };
    const workers = await Promise.all([mailing.fleet.startWorker(variables), mailing.fleet.startWorker(variables)]);
    const ids = people.map(({ userId }) => userId);
    await until('all are sent', async () => {
      const { rows } = await mailing.fleet.pool.query(
        `select count(*)::int as count from email_outbox where user_id = any ($1) and due_at <= clock_timestamp() and status <> 'sent'`,
        [ids],
      );
      return rows[0]?.count === 0;
    });
    for (const worker of workers) {
      worker.signal('SIGTERM');
      expect(await worker.ended).toBe(0);
    }
    for (const { email } of people) {
      const subjects = mailing.smtp.to(email).map(({ headers }) => headers.get('subject'));
      expect(subjects.sort()).toEqual(['Welcome to BASE', 'Your balance is low: 9 credits']);
    }
    expect(workers.map((worker) => worker.logged()).join('')).not.toContain('@person.test');
  });

  it('goes out again under the same Message-ID and key, when a worker dies between sending and marking', async () => {
    const person = await mailing.newPerson();
    await mailing.send();
    await mailing.warn(person, 'crash');
    const crash = { CRASH_AT: 'before:end_email', CRASH_MARKER: mailing.fleet.newMarker() };
    const dying = await mailing.fleet.startWorker({ ...mailing.variables, ...crash, WORKER_QUEUES: 'email' });
    await dying.ended;
    const before = mailing.smtp.to(person.email).slice(1);
    expect(before).toHaveLength(1);
    // Its lease is still running.
    await mailing.send();
    expect(await onlyRow(person)).toMatchObject({ status: 'sending', attempts: 1 });
    await mailing.fleet.pool.query(
      'update email_outbox set next_attempt_at = clock_timestamp() where user_id = $1 and template = $2',
      [person.userId, 'low_balance'],
    );
    await mailing.send();
    const row = await onlyRow(person);
    expect(row).toMatchObject({ status: 'sent', attempts: 2, message_id: `<${row.id}@base.test>` });
    const [first, second, ...more] = mailing.smtp.to(person.email).slice(1);
    expect(more).toEqual([]);
    for (const copy of [first, second]) {
      expect(copy?.headers.get('message-id')).toBe(row.message_id);
      expect(copy?.headers.get('resend-idempotency-key')).toBe(row.id);
    }
  });

  it('waits and is tried again when the server says later, and not when it says never', async () => {
    const [later, never] = [await mailing.newPerson(), await mailing.newPerson()];
    await mailing.send();
    for (const person of [later, never]) await mailing.warn(person, 'refused');
    mailing.smtp.refuse(later.email, 451, 451);
    mailing.smtp.refuse(never.email, 550);
    await mailing.send();
    const first = await onlyRow(later);
    expect(first).toMatchObject({ status: 'pending', attempts: 1, last_error: expect.stringContaining('451') });
    expect(first.wait_seconds).toBeGreaterThan(45);
    expect(first.wait_seconds).toBeLessThan(70);
    await mailing.send();
    expect((await onlyRow(later)).wait_seconds).toBeGreaterThan(250);
    await mailing.send();
    expect(await onlyRow(later)).toMatchObject({ status: 'sent', attempts: 3 });
    expect(await onlyRow(never)).toMatchObject({
      status: 'failed',
      attempts: 1,
      last_error: expect.stringContaining('550'),
    });
    expect(mailing.smtp.to(never.email)).toHaveLength(1);
  });

  it('waits while the server does not answer or refuses the password, and is given up after eight times', async () => {
    const person = await mailing.newPerson();
    await mailing.send();
    await mailing.warn(person, 'outage');
    const strict = await startSmtp({ password: 'right' });
    await mailing.send({ SMTP_URL: strict.url.replace('//', '//user:wrong@') });
    expect(await onlyRow(person)).toMatchObject({ status: 'pending', last_error: expect.stringMatching(/535/) });
    await strict.close();
    for (let attempt = 2; attempt <= 8; attempt += 1) {
      expect(await onlyRow(person)).toMatchObject({ status: 'pending', attempts: attempt - 1 });
      await mailing.send({ SMTP_URL: strict.url });
    }
    expect(await onlyRow(person)).toMatchObject({
      status: 'failed',
      attempts: 8,
      last_error: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('is a failure and holds nobody up, when no e-mail can be made of it', async () => {
    const person = await mailing.newPerson();
    const { pool } = mailing.fleet;
    const mail = (data: string, reference: string) =>
      pool.query(`select private.mail_admins($1, 'budget_reached', $2, $3)`, [person.organizationId, reference, data]);
    await mail('{"kind": "project"}', 'bad');
    await mail('{"kind": "project", "name": "X", "percent": 50, "used": 1, "budget": 2}', 'good');
    await mailing.send();
    expect((await mailing.rows(person)).map(({ status }) => status)).toEqual(['failed', 'sent']);
    await expect(
      pool.query(`select private.mail_admins($1, 'no_such_template', 'x', '{}')`, [person.organizationId]),
    ).rejects.toThrow(/category/);
  });
});

describe('without a mail server', () => {
  it('e-mails are kept, the worker says so, and what nobody wants to read any more is not sent when there is one', async () => {
    const person = await mailing.newPerson();
    await mailing.send();
    await mailing.warn(person, 'kept');
    await mailing.warn(person, 'stale');
    await mailing.fleet.pool.query(
      `update email_outbox set due_at = due_at - interval '4 days', next_attempt_at = next_attempt_at - interval '4 days'
       where user_id = $1 and reference = 'stale'`,
      [person.userId],
    );
    const worker = await mailing.fleet.startWorker({ SMTP_URL: '', WORKER_QUEUES: 'email' });
    expect(worker.logged()).toContain('SMTP_URL is not set');
    worker.signal('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect((await mailing.rows(person)).map(({ status, attempts }) => [status, attempts])).toEqual([
      ['pending', 0],
      ['pending', 0],
    ]);
    await mailing.send();
    expect((await mailing.rows(person)).map(({ status, last_error }) => [status, last_error])).toEqual([
      ['sent', null],
      ['suppressed', 'stale'],
    ]);
  });
});
