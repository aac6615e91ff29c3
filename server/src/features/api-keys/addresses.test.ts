import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let other: TestApi;
let tenant: TestTenant;
beforeAll(async () => {
  [api, other] = await Promise.all([startApi(), startApi()]);
  tenant = await makeTenant(api, { plan: 'enterprise' });
});
afterAll(() => Promise.all([api.close(), other.close()]));

const keys = (method: string, path: string, body?: unknown) =>
  api.call(method, `/api/v1/api-keys${path}`, { token: tenant.token, ...(body === undefined ? {} : { body }) });
/** A call that the proxy says comes from there; what a client claims itself stands before it. */
const callFrom = (address: string, key: unknown, node = api) =>
  node.call('GET', '/api/v1/me', { token: String(key), headers: { 'x-forwarded-for': address } });

describe('a key with allowed addresses', () => {
  it('works from them, and is forbidden elsewhere without telling the list', async () => {
    const allowed = ['203.0.113.7', '198.51.100.0/25', '2001:db8:7::/48', '2001:db8:8::1'];
    const made = await keys('POST', '', { name: 'at home', allowed_ips: allowed });
    expect(made.body.allowed_ips).toEqual(allowed);
    const statusFrom = async (address: string) => (await callFrom(address, made.body.key)).status;
    for (const address of [
      '203.0.113.7',
      '198.51.100.127',
      '2001:db8:7:ffff::2',
      '2001:DB8:8:0::1',
      '::ffff:203.0.113.7',
      '192.0.2.1, 203.0.113.7',
    ]) {
      expect(await statusFrom(address), address).toBe(200);
    }
    for (const address of [
      '203.0.113.8',
      '198.51.100.128',
      '2001:db8:8::2',
      '::1',
      'unknown',
      '203.0.113.7, 192.0.2.1',
    ]) {
      expect(await statusFrom(address), address).toBe(403);
    }
    const refused = await callFrom('192.0.2.9', made.body.key);
    expect(refused.body).toMatchObject({
      code: 'forbidden',
      detail: 'This API key may not be used from 192.0.2.9.',
    });
    expect(refused.text).not.toMatch(/203\.0|198\.51|2001:db8/);
    expect((await keys('GET', `/${made.body.id}`)).body.last_used_ip).not.toBe('192.0.2.9');
  });

  it('means IPv6 by an IPv6 range, however wide, and IPv4 by an IPv4 range', async () => {
    const six = await keys('POST', '', { name: 'six', allowed_ips: ['::/0'] });
    const four = await keys('POST', '', { name: 'four', allowed_ips: ['0.0.0.0/0'] });
    expect((await callFrom('192.0.2.1', six.body.key)).status).toBe(403);
    expect((await callFrom('2001:db8::1', six.body.key)).status).toBe(200);
    expect((await callFrom('192.0.2.1', four.body.key)).status).toBe(200);
    expect((await callFrom('2001:db8::1', four.body.key)).status).toBe(403);
  });

  it('follows a change within two seconds on another node', async () => {
    const made = await keys('POST', '', { name: 'moving' });
    expect((await callFrom('192.0.2.1', made.body.key, other)).status).toBe(200);
    await keys('PATCH', `/${made.body.id}`, { allowed_ips: ['203.0.113.7'] });
    expect((await callFrom('192.0.2.1', made.body.key)).status).toBe(403);
    await expect
      .poll(async () => (await callFrom('192.0.2.1', made.body.key, other)).status, { timeout: 2_000 })
      .toBe(403);
    expect((await callFrom('203.0.113.7', made.body.key, other)).status).toBe(200);
  });

  it.each<[string, RegExp]>([
    ['localhost', /IPv4 or IPv6 address/],
    ['203.0.113', /IPv4 or IPv6 address/],
    ['203.0.113.256', /IPv4 or IPv6 address/],
    ['203.0.113.0/24/8', /IPv4 or IPv6 address/],
    ['203.0.113.7 ', /IPv4 or IPv6 address/],
    ['', /IPv4 or IPv6 address/],
    ['fe80::1%eth0', /IPv4 or IPv6 address/],
    ['203.0.113.0/33', /prefix from 0 to 32/],
    ['203.0.113.0/', /prefix from 0 to 32/],
    ['203.0.113.0/255.255.255.0', /prefix from 0 to 32/],
    ['2001:db8::/129', /prefix from 0 to 128/],
    ['2001:db8::/-1', /prefix from 0 to 128/],
    ['::ffff:203.0.113.7', /as the IPv4 address/],
    ['::ffff:cb00:7107', /as the IPv4 address/],
  ])('cannot be made with %j, and says what is wrong with it', async (entry, reason) => {
    const answer = await keys('POST', '', { name: 'bad', allowed_ips: ['203.0.113.7', entry] });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([{ pointer: '/allowed_ips/1', detail: expect.stringMatching(reason) }]);
  });

  it('has at least one and at most fifty', async () => {
    const many = Array.from({ length: 51 }, (_, index) => `203.0.113.${index}`);
    for (const allowed of [[], many]) {
      const answer = await keys('POST', '', { name: 'count', allowed_ips: allowed });
      expect(answer.body).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/allowed_ips' }] });
    }
    expect((await keys('POST', '', { name: 'fifty', allowed_ips: many.slice(1) })).status).toBe(201);
  });
});

describe('the last use of a key', () => {
  const lastUse = async (id: unknown) => {
    const { body } = await keys('GET', `/${id}`);
    return { at: body.last_used_at, ip: body.last_used_ip };
  };

  it('is noted with the client’s address, exact for IPv6, and shown in the list', async () => {
    const made = await keys('POST', '', { name: 'used' });
    expect(await lastUse(made.body.id)).toEqual({ at: null, ip: null });
    await callFrom('2001:db8:1:2:3::4', made.body.key);
    const use = await until('the use is noted', async () => {
      const use = await lastUse(made.body.id);
      return use.at !== null && use;
    });
    expect(use).toEqual({ at: expect.any(String), ip: '2001:db8:1:2:3::4' });
    const { body } = await keys('GET', '');
    expect(body.data).toContainEqual(expect.objectContaining({ id: made.body.id, last_used_ip: use.ip }));
  });

  it('is written once a minute for the whole fleet, and is no change that nodes must follow', async () => {
    const made = await keys('POST', '', { name: 'often' });
    const { pool } = api.deps;
    const note = (address: string) =>
      pool.query('select public.note_key_uses(array[$1::uuid], array[$2])', [made.body.id, address]);
    const readRow = async () => {
      const { rows } = await pool.query(
        'select last_used_at, last_used_ip, updated_at, xmin::text as version from api_keys where id = $1',
        [made.body.id],
      );
      return rows[0];
    };
    const fresh = await readRow();
    await Promise.all([note('192.0.2.1'), note('192.0.2.1'), note('192.0.2.1')]);
    const first = await readRow();
    expect(first.last_used_ip).toBe('192.0.2.1');
    await note('192.0.2.2');
    expect(await readRow()).toEqual(first);
    await pool.query(`update api_keys set last_used_at = now() - interval '61 seconds' where id = $1`, [made.body.id]);
    await note('192.0.2.3');
    expect(await readRow()).toMatchObject({ last_used_ip: '192.0.2.3', updated_at: fresh.updated_at });
  });

  it('keeps no request waiting: a locked row neither delays nor fails a call', async () => {
    const made = await keys('POST', '', { name: 'locked' });
    const client = await api.deps.pool.connect();
    try {
      await client.query('begin');
      await client.query('select from api_keys where id = $1 for update', [made.body.id]);
      expect((await callFrom('192.0.2.1', made.body.key)).status).toBe(200);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});
