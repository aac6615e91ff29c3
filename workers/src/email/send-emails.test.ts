import { randomUUID } from 'node:crypto';
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

describe('whoever', () => {
  it('has switched e-mails off gets the essential ones alone; whoever was removed gets none', async () => {
    const [quiet, removed] = [await mailing.newPerson(), await mailing.newPerson()];
    await mailing.call(quiet, 'PATCH', '/me', { preferences: { email_notifications: false } });
    for (const person of [quiet, removed]) await mailing.warn(person, 'quiet');
    await mailing.fleet.pool.query('update users set deleted_at = now() where id = $1', [removed.userId]);
    await mailing.send();
    expect(mailing.smtp.to(quiet.email).map(({ headers }) => headers.get('subject'))).toEqual(['Welcome to BASE']);
    expect(await onlyRow(quiet)).toMatchObject({ status: 'suppressed', last_error: 'unsubscribed', attempts: 0 });
    expect(mailing.smtp.to(removed.email)).toEqual([]);
    expect(await onlyRow(removed)).toMatchObject({ status: 'suppressed', last_error: 'recipient_gone' });
  });

  it('follows the link, or lets the mail program do it, gets no more of that kind; looking changes nothing', async () => {
    const person = await mailing.newPerson({ language: 'es' });
    await mailing.warn(person, 'first');
    await mailing.send();
    const [welcome, notice] = mailing.smtp.to(person.email);
    expect(welcome?.headers.has('list-unsubscribe')).toBe(false);
    expect(notice?.headers.get('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
    const url = /<http:\/\/api\.test\/api\/v1(\S+)>/.exec(notice?.headers.get('list-unsubscribe') ?? '')?.[1] ?? '';
    expect(notice?.html).toContain(url);
    expect(notice?.text).toContain(url);

    const page = await mailing.call(null, 'GET', url);
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('¿Dejar de recibir') });
    expect((await mailing.call(person, 'GET', '/me')).body.preferences).toMatchObject({ notice_emails: true });
    const posted = await fetch(`${mailing.fleet.apis[0]?.url}/api/v1${url}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'List-Unsubscribe=One-Click',
    });
    expect(posted.status).toBe(200);
    expect(posted.headers.get('content-security-policy')).toContain("form-action 'self'");
    expect((await mailing.call(person, 'GET', '/me')).body.preferences).toMatchObject({
      notice_emails: false,
      onboarding_emails: true,
      email_notifications: true,
    });
    await mailing.warn(person, 'second');
    await mailing.send();
    expect((await mailing.rows(person)).map(({ status }) => status)).toEqual(['sent', 'suppressed']);
    const forged = await mailing.call(null, 'POST', url.replace('.notice.', '.onboarding.'));
    expect(forged).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it.each([
    ['pt-BR', 'Boas-vindas à BASE', 'Olá, Ana!'],
    ['en', 'Welcome to BASE', 'Hi Ana,'],
    ['es', 'Te damos la bienvenida a BASE', '¡Hola, Ana!'],
  ])('reads %s is written to in it', async (language, subject, greeting) => {
    const person = await mailing.newPerson({ language });
    await mailing.send();
    const [welcome] = mailing.smtp.to(person.email);
    expect(welcome?.headers.get('subject')).toBe(subject);
    expect(welcome?.text).toContain(greeting);
    expect(welcome?.html).toContain(greeting);
    expect(welcome?.html).toContain('https://app.test/studio');
  });

  it('is new hears from us on the first, third and seventh day, until they no longer need it', async () => {
    const { pool } = mailing.fleet;
    const [idle, busy, paying] = [await mailing.newPerson(), await mailing.newPerson(), await mailing.newPerson()];
    await pool.query('insert into usage_daily (organization_id, day, provider, model) values ($1, now(), $2, $2)', [
      busy.organizationId,
      'test',
    ]);
    await pool.query(`update organizations set plan_id = 'starter' where id = $1`, [paying.organizationId]);
    await pool.query(
      `update email_outbox set due_at = clock_timestamp(), next_attempt_at = clock_timestamp() where user_id = any ($1) and category = 'onboarding'`,
      [[idle, busy, paying].map(({ userId }) => userId)],
    );
    await mailing.send();
    const subjects = ({ email }: Person) =>
      mailing.smtp
        .to(email)
        .map(({ headers }) => headers.get('subject'))
        .slice(1)
        .sort();
    const [day1, day3, day7] = [
      'Your first image in a minute',
      'Three ideas for using BASE today',
      'What a BASE plan opens up for you',
    ];
    expect(subjects(idle)).toEqual([day1, day3, day7].sort());
    expect(subjects(busy)).toEqual([day7]);
    expect(subjects(paying)).toEqual([day1, day3].sort());
    await pool.query('delete from usage_daily where organization_id = $1', [busy.organizationId]);
  });
});

describe('an invitation', () => {
  const invite = (from: Person, email: string) =>
    mailing.call(from, 'POST', '/organization/invitations', { email, role: 'member' });

  it('reaches somebody without an account, in its sender’s language, and lets them in; its link is nowhere in the database', async () => {
    const host = await mailing.newPerson({ language: 'es' });
    const { pool } = mailing.fleet;
    await pool.query(`update organizations set plan_id = 'professional' where id = $1`, [host.organizationId]);
    const guestEmail = `${randomUUID()}@guest.test`;
    const { body } = await invite(host, guestEmail);
    const token = String(body.accept_url).split('#token=')[1] ?? '';
    const { rows } = await pool.query('select e::text as row from email_outbox e where address = $1', [guestEmail]);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.row).not.toContain(token);
    await mailing.send();
    const [email] = mailing.smtp.to(guestEmail);
    expect(email?.headers.get('subject')).toContain('Ana Souza te invitó a');
    expect(email?.headers.has('list-unsubscribe')).toBe(false);
    const link = /https:\/\/app\.test\/invitations\/accept#token=([\w-]+)/.exec(email?.text ?? '');
    expect(link?.[1]).toBe(token);
    const sealed = await pool.query('select sealed from email_outbox where address = $1', [guestEmail]);
    expect(sealed.rows).toEqual([{ sealed: null }]);
    const guest = await mailing.newPerson({ email: guestEmail });
    const accepted = await mailing.call(guest, 'POST', '/invitations/accept', { token: link?.[1] });
    expect(accepted.body).toMatchObject({ organization: { id: host.organizationId }, role: 'member' });
  });

  it('that waits for approval is mailed with it, and one that was revoked is not', async () => {
    const host = await mailing.newPerson();
    const { pool } = mailing.fleet;
    await pool.query(`update organizations set plan_id = 'professional', require_approval = true where id = $1`, [
      host.organizationId,
    ]);
    const member = await mailing.newPerson();
    await pool.query(`update users set organization_id = $1, role = 'member' where id = $2`, [
      host.organizationId,
      member.userId,
    ]);
    const [waiting, revoked] = [`${randomUUID()}@guest.test`, `${randomUUID()}@guest.test`];
    const { body } = await until('the node has heard of the move', async () => {
      const answer = await invite(member, waiting);
      return answer.status === 201 && answer.body.status === 'awaiting_approval' ? answer : null;
    });
    const other = await invite(host, revoked);
    await mailing.call(host, 'DELETE', `/organization/invitations/${other.body.id}`);
    await mailing.send();
    expect(mailing.smtp.to(waiting)).toEqual([]);
    expect(await mailing.rows({ address: revoked })).toMatchObject([
      { status: 'suppressed', last_error: 'no_longer_needed' },
    ]);
    expect((await mailing.call(host, 'POST', `/organization/invitations/${body.id}/approve`)).status).toBe(200);
    await mailing.send();
    expect(mailing.smtp.to(waiting)).toHaveLength(1);
  });

  it('floods nobody’s mailbox: of many to one address three a day are mailed', async () => {
    const host = await mailing.newPerson();
    const email = `${randomUUID()}@guest.test`;
    await mailing.fleet.pool.query(`update organizations set plan_id = 'professional' where id = $1`, [
      host.organizationId,
    ]);
    for (let round = 0; round < 5; round += 1) {
      const { status, body } = await until('the node knows the plan', async () => {
        const answer = await invite(host, email);
        return answer.status === 201 ? answer : null;
      });
      expect(status).toBe(201);
      await mailing.call(host, 'DELETE', `/organization/invitations/${body.id}`);
    }
    expect(await mailing.rows({ address: email })).toHaveLength(3);
  });
});
