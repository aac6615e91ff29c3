import { randomUUID } from 'node:crypto';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGeneration } from '../../testing/make-generation.ts';
import { addMember, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const call = (caller: TestTenant, method: string, path: string, body?: unknown, headers = {}) =>
  api.call(method, `/api/v1${path}`, { token: caller.token, headers, ...(body === undefined ? {} : { body }) });
const invite = (caller: TestTenant, email: string, role?: string) =>
  call(caller, 'POST', '/organization/invitations', { email, ...(role === undefined ? {} : { role }) });
const tokenOf = ({ body }: Answer) => String(body.accept_url).split('#token=')[1] ?? '';
const accept = (caller: TestTenant, token: string) => call(caller, 'POST', '/invitations/accept', { token });
const limitTeam = (tenant: TestTenant, places: number) =>
  api.deps.pool.query('update organizations set custom_limits = $2 where id = $1', [
    tenant.organizationId,
    { team_members: places },
  ]);

interface Person extends TestTenant {
  email: string;
}

async function makePerson(): Promise<Person> {
  const tenant = await makeTenant(api);
  return { ...tenant, email: String((await call(tenant, 'GET', '/me')).body.email) };
}

async function membersOf({ organizationId }: TestTenant): Promise<number> {
  const { rows } = await api.deps.pool.query(
    'select count(*) from users where organization_id = $1 and deleted_at is null',
    [organizationId],
  );
  return rows[0].count;
}

describe('an invitation', () => {
  it('moves a person into the team, whose own empty organization is deleted with its books in order', async () => {
    const [owner, person] = [await makeTenant(api, { plan: 'professional' }), await makePerson()];
    const made = await invite(owner, person.email.toUpperCase(), 'manager');
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      status: 'pending',
      email: person.email,
      role: 'manager',
      invited_by: owner.userId,
    });
    expect(made.body.accept_url).toMatch(/^https:\/\/app\.test\/invitations\/accept#token=[\w-]{43}$/);
    const days = (Date.parse(String(made.body.expires_at)) - Date.now()) / 86_400_000;
    expect(days).toBeCloseTo(7, 1);
    const joined = await accept(person, tokenOf(made));
    expect(joined.body).toMatchObject({ organization: { id: owner.organizationId }, role: 'manager' });
    expect((await call(person, 'GET', '/me')).body).toMatchObject({ organization: { id: owner.organizationId } });
    const { rows } = await api.deps.pool.query('select deleted_at from organizations where id = $1', [
      person.organizationId,
    ]);
    expect(rows[0].deleted_at).not.toBeNull();
    const violations = await api.deps.pool.query('select * from verify_ledger($1)', [person.organizationId]);
    expect(violations.rows).toEqual([]);
    expect((await accept(person, tokenOf(made))).body.code).toBe('invitation_invalid');
    expect((await invite(owner, person.email)).body.code).toBe('already_member');
  });

  it('keeps only the token’s hash, shows the link once and logs it never', async () => {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    const body = { email: `${randomUUID()}@new.test` };
    const headers = { 'idempotency-key': randomUUID() };
    const [made, again] = [
      await call(owner, 'POST', '/organization/invitations', body, headers),
      await call(owner, 'POST', '/organization/invitations', body, headers),
    ];
    expect(again.body).toMatchObject({ id: made.body.id, accept_url: null });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const reused = await call(owner, 'POST', '/organization/invitations', { email: 'x@new.test' }, headers);
    expect(reused.body.code).toBe('idempotency_key_reused');
    const listed = await call(owner, 'GET', '/organization/invitations');
    const { rows } = await api.deps.pool.query('select * from invitations where organization_id = $1', [
      owner.organizationId,
    ]);
    for (const text of [listed.text, JSON.stringify(rows), api.logged()]) expect(text).not.toContain(tokenOf(made));
    expect(listed.text).not.toContain('token_hash');
  });

  it('is good for the address invited only; the answer does not tell why it is not', async () => {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    const [person, thief] = [await makePerson(), await makePerson()];
    const token = tokenOf(await invite(owner, person.email));
    const answers = [await accept(thief, token), await accept(thief, 'no-such-token')];
    const [stolen, unknown] = answers.map(({ body: { request_id: _, ...rest } }) => rest);
    expect(stolen).toMatchObject({ status: 404, code: 'invitation_invalid' });
    expect(stolen).toEqual(unknown);
    expect((await accept(person, token)).status).toBe(200);
  });

  it('ends by expiry and by being taken back, and then makes room for another', async () => {
    const [owner, person] = [await makeTenant(api, { plan: 'enterprise' }), await makePerson()];
    const old = await invite(owner, person.email);
    expect((await invite(owner, person.email)).body.code).toBe('conflict');
    await api.deps.pool.query("update invitations set expires_at = now() - interval '1 second' where id = $1", [
      old.body.id,
    ]);
    expect((await accept(person, tokenOf(old))).body.code).toBe('invitation_invalid');
    expect((await call(owner, 'GET', '/organization/invitations')).body.data).toMatchObject([{ status: 'expired' }]);
    const next = await invite(owner, person.email);
    const path = `/organization/invitations/${next.body.id}`;
    expect((await call(await makeTenant(api), 'DELETE', path)).status).toBe(404);
    expect((await call(owner, 'DELETE', path)).status).toBe(204);
    expect((await accept(person, tokenOf(next))).body.code).toBe('invitation_invalid');
    const last = await invite(owner, person.email);
    expect((await accept(person, tokenOf(last))).status).toBe(200);
    expect((await call(owner, 'DELETE', `/organization/invitations/${last.body.id}`)).body.code).toBe('conflict');
  });

  it('brings back somebody who was removed', async () => {
    const [owner, person] = [await makeTenant(api, { plan: 'enterprise' }), await makePerson()];
    await accept(person, tokenOf(await invite(owner, person.email)));
    await call(owner, 'DELETE', `/organization/members/${person.userId}`);
    expect((await call(person, 'GET', '/me')).body.code).toBe('account_inactive');
    const token = tokenOf(await invite(owner, person.email, 'viewer'));
    await until('the invitation can be accepted', async () => (await accept(person, token)).status === 200);
    expect((await call(person, 'GET', '/me')).body).toMatchObject({
      role: 'viewer',
      organization: { id: owner.organizationId },
    });
  });
});

describe('who may invite', () => {
  it('nobody above their own role; members only where the organization lets them, and they see only their own', async () => {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    const [manager, member, viewer] = [
      await addMember(api, owner, 'manager'),
      await addMember(api, owner, 'member'),
      await addMember(api, owner, 'viewer'),
    ];
    const address = () => `${randomUUID()}@new.test`;
    expect((await invite(manager, address(), 'admin')).status).toBe(403);
    expect((await invite(member, address(), 'manager')).status).toBe(403);
    expect((await invite(viewer, address(), 'viewer')).status).toBe(403);
    await call(owner, 'PATCH', '/organization', { settings: { default_role: 'manager' } });
    expect((await invite(manager, address())).body.role).toBe('manager');
    const own = await invite(member, address());
    expect(own.body.role).toBe('member');
    const seen = await call(member, 'GET', '/organization/invitations');
    expect(seen.body.data).toMatchObject([{ id: own.body.id }]);
    const byManager = await invite(manager, address(), 'viewer');
    expect((await call(member, 'DELETE', `/organization/invitations/${byManager.body.id}`)).status).toBe(403);
    await call(owner, 'PATCH', '/organization', { settings: { allow_member_invites: false } });
    expect((await invite(member, address())).body.code).toBe('forbidden');
    expect((await invite(manager, address())).status).toBe(201);
  });

  it('what a member sends waits for approval where the organization wants that', async () => {
    const [owner, person] = [await makeTenant(api, { plan: 'enterprise' }), await makePerson()];
    const member = await addMember(api, owner, 'member');
    await call(owner, 'PATCH', '/organization', { settings: { require_approval: true } });
    const sent = await invite(member, person.email);
    expect(sent.body.status).toBe('awaiting_approval');
    expect((await accept(person, tokenOf(sent))).body.code).toBe('conflict');
    const path = `/organization/invitations/${sent.body.id}/approve`;
    expect((await call(member, 'POST', path)).status).toBe(403);
    expect((await call(await makeTenant(api), 'POST', path)).status).toBe(404);
    expect((await call(owner, 'POST', path)).body.status).toBe('pending');
    expect((await call(owner, 'POST', path)).body.code).toBe('conflict');
    expect((await accept(person, tokenOf(sent))).status).toBe(200);
    expect((await invite(owner, `${randomUUID()}@new.test`)).body.status).toBe('pending');
  });

  it.each([
    {},
    { email: 'nobody' },
    { email: 'a@b.test', role: 'super_admin' },
    { email: 'a@b.test', organization_id: randomUUID() },
  ])('refuses %j', async (body) => {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    expect((await call(owner, 'POST', '/organization/invitations', body)).status).toBe(422);
  });
});

describe('an organization that is not empty holds its people', () => {
  const [bought, member, generation, project] = ['credits', 'members', 'generations', 'projects'];
  it.each([bought, member, generation, project])('%s', async (kind) => {
    const [owner, person] = [await makeTenant(api, { plan: 'enterprise' }), await makePerson()];
    const { pool } = api.deps;
    if (kind === bought) {
      await pool.query(
        `select * from credit_credits(array[$1::uuid], array['purchase'::transaction_type], array[5::bigint], array['t'], array['t'],
          array['t'], array[null::timestamptz], array[null::uuid])`,
        [person.organizationId],
      );
    } else if (kind === member) await addMember(api, person, 'member');
    else if (kind === generation) await makeGeneration(person);
    else {
      await pool.query("insert into projects (id, organization_id, created_by, name) values ($1, $2, $3, 'house')", [
        randomUUID(),
        person.organizationId,
        person.userId,
      ]);
    }
    const token = tokenOf(await invite(owner, person.email));
    expect((await accept(person, token)).body).toMatchObject({ status: 409, code: 'has_organization', holds: [kind] });
    expect((await call(person, 'GET', '/organization')).body.id).toBe(person.organizationId);
    expect(await membersOf(owner)).toBe(1);
  });
});

describe('at once', () => {
  it('one of many acceptances by one person wins', async () => {
    const [owner, person] = [await makeTenant(api, { plan: 'enterprise' }), await makePerson()];
    const token = tokenOf(await invite(owner, person.email));
    const answers = await Promise.all(Array.from({ length: 8 }, () => accept(person, token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'invitation_invalid')).toHaveLength(7);
    expect(await membersOf(owner)).toBe(2);
  });

  it('a person invited by two organizations ends in one of them', async () => {
    const person = await makePerson();
    const owners = [await makeTenant(api, { plan: 'enterprise' }), await makeTenant(api, { plan: 'enterprise' })];
    const tokens = [];
    for (const owner of owners) tokens.push(tokenOf(await invite(owner, person.email)));
    const answers = await Promise.all(tokens.map((token) => accept(person, token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await Promise.all(owners.map(membersOf))).sort()).toEqual([1, 2]);
  });

  it('twenty people accept into five free places, and five get in', async () => {
    const owner = await makeTenant(api, { plan: 'enterprise' });
    const people = await Promise.all(Array.from({ length: 20 }, makePerson));
    const tokens: string[] = [];
    for (const { email } of people) tokens.push(tokenOf(await invite(owner, email)));
    await limitTeam(owner, 6);
    const answers = await Promise.all(people.map((person, index) => accept(person, tokens[index] ?? '')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    const refused = answers.filter(({ body }) => body.code === 'plan_limit_reached');
    expect(refused).toHaveLength(15);
    expect(refused[0]?.body).toMatchObject({ limit_name: 'team_members', limit: 6, used: 6 });
    expect(await membersOf(owner)).toBe(6);
  });

  it('nobody invites beyond the team: open invitations take places', async () => {
    const owner = await makeTenant(api, { plan: 'starter' });
    const answers = await Promise.all(Array.from({ length: 6 }, () => invite(owner, `${randomUUID()}@new.test`)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(answers.find(({ status }) => status !== 201)?.body).toMatchObject({
      code: 'plan_limit_reached',
      limit: 3,
      used: 3,
    });
  });
});
