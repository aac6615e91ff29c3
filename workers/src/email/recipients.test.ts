import { randomUUID } from 'node:crypto';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemVariables } from '../../../devstack/src/environment.ts';
import { pickFreePorts } from '../../../devstack/src/ports.ts';
import { startRedis } from '../../../devstack/src/redis.ts';
import { type Mailing, type Person, startMailing } from '../testing/start-mailing.ts';

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
