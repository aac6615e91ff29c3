import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type EventReader, readEvents } from '../../testing/read-events.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let nodes: readonly [TestApi, TestApi];
beforeAll(async () => {
  nodes = [await startApi(), await startApi()];
});
afterAll(async () => {
  await nodes[0].close();
  await nodes[1].close();
});

const pool = () => nodes[0].deps.pool;

/** So many events, by as many writers at once. */
async function write(tenant: TestTenant, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, () =>
      pool().query(`select private.tell_locked($1, 'credits.granted', null, '{"credits": 1}')`, [
        tenant.organizationId,
      ]),
    ),
  );
}

async function readAll(tenant: TestTenant): Promise<string[]> {
  const { rows } = await pool().query<{ id: string }>('select id from events where organization_id = $1 order by id', [
    tenant.organizationId,
  ]);
  return rows.map((row) => row.id);
}

const open = (api: TestApi, tenant: TestTenant, lastId: string | null, query = ''): Promise<EventReader> =>
  readEvents(
    `${api.url}/api/v1/events/stream${query}`,
    tenant.token,
    lastId === null ? {} : { 'last-event-id': lastId },
  );

const idsOf = ({ events }: EventReader): string[] => events.flatMap(({ id }) => (id === null ? [] : [id]));

describe('the stream of an organization', () => {
  it('shows each event once and in order to a client that reconnects at random to either node, and Redis tells nothing of them', async () => {
    const tenant = await makeTenant(nodes[0]);
    await write(tenant, 1);
    const seen = await readAll(tenant);
    const total = seen.length + 200;
    const writing = (async () => {
      for (let round = 0; round < 25; round += 1) await write(tenant, 8);
    })();
    let isOver = false;
    const done = writing.then(() => {
      isOver = true;
    });
    for (let turn = 0; !isOver || seen.length < total; turn += 1) {
      const reader = await open(nodes[turn % 2 === 0 ? 0 : 1], tenant, seen.at(-1) ?? null);
      const enough = 1 + Math.floor(Math.random() * 20);
      const most = Math.min(enough, total - seen.length);
      await until(`${most} events`, () => idsOf(reader).length >= most);
      reader.leave();
      // What came in before the client left counts, be it more than it waited for.
      seen.push(...idsOf(reader));
    }
    await done;
    expect(seen).toEqual(await readAll(tenant));
    expect(seen).toHaveLength(total);
  });

  it('begins now without a last id, replays everything after one, and shows only the types asked for', async () => {
    const tenant = await makeTenant(nodes[0]);
    await write(tenant, 3);
    const [first = '', ...later] = (await readAll(tenant)).slice(-3);
    const fresh = await open(nodes[0], tenant, null);
    const replay = await open(nodes[1], tenant, first);
    const filtered = await open(nodes[1], tenant, first, '?types=credits.low,job.queued');
    await until('the replay', () => idsOf(replay).length === 2);
    expect(idsOf(replay)).toEqual(later);
    expect(replay.events[0]).toMatchObject({
      event: 'credits.granted',
      data: { object: 'event', type: 'credits.granted', data: { id: tenant.organizationId, credits: 1 } },
    });
    await pool().query(`select private.tell($1, 'credits.low', null, '{"available": 1, "threshold": 2}')`, [
      tenant.organizationId,
    ]);
    await until('the news', () => idsOf(fresh).length === 1 && idsOf(filtered).length === 1);
    expect([fresh, filtered].map((reader) => reader.events.map(({ event }) => event))).toEqual([
      ['credits.low'],
      ['credits.low'],
    ]);
    for (const reader of [fresh, replay, filtered]) reader.leave();
  });

  it('shows nothing of other organizations, whatever last id is sent', async () => {
    const [tenant, other] = [await makeTenant(nodes[0]), await makeTenant(nodes[0])];
    await write(other, 2);
    const [theirs = ''] = await readAll(other);
    const reader = await open(nodes[0], tenant, theirs);
    await write(tenant, 1);
    const own = (await readAll(tenant)).filter((id) => id > theirs);
    await until('the own event', () => idsOf(reader).length === own.length);
    expect(idsOf(reader)).toEqual(own);
    reader.leave();
  });

  it.each(['yesterday', '1-2', ''])('ignores the Last-Event-ID %j', async (lastId) => {
    const tenant = await makeTenant(nodes[0]);
    await write(tenant, 2);
    const reader = await open(nodes[0], tenant, lastId);
    await write(tenant, 1);
    await until('the news', () => idsOf(reader).length === 1);
    reader.leave();
  });

  it('opens with a token instead of headers, and refuses types that are none', async () => {
    const tenant = await makeTenant(nodes[0]);
    const made = await nodes[0].call('POST', '/api/v1/event-tokens', { token: tenant.token, body: {} });
    expect(made.body.path).toBe('/api/v1/events/stream');
    const response = await fetch(`${nodes[1].url}${made.body.path}?token=${made.body.token}`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    await response.body?.cancel();
    const refused = await nodes[0].call('GET', '/api/v1/events/stream?types=nonsense', { token: tenant.token });
    expect(refused.body).toMatchObject({ status: 422 });
  });
});

describe('the list of events', () => {
  it('pages through all of them, newest first, by type and by what they are about', async () => {
    const tenant = await makeTenant(nodes[0]);
    await write(tenant, 5);
    const all = (await readAll(tenant)).slice(-6);
    const count = (await readAll(tenant)).length;
    const read = (query: string) => nodes[0].call('GET', `/api/v1/events?${query}`, { token: tenant.token });
    const first = await read('limit=3');
    const second = await read(`limit=3&cursor=${first.body.next_cursor}`);
    const ids = [first, second].flatMap(({ body }) => (body.data as { id: string }[]).map((entry) => entry.id));
    expect(ids).toEqual(all.toReversed());
    expect((await read('limit=100')).body.data).toHaveLength(count);
    expect((await read('types=job.completed')).body.data).toEqual([]);
    const about = await read(`resource_id=${tenant.organizationId}&types=credits.granted&limit=100`);
    expect((about.body.data as unknown[]).length).toBeGreaterThanOrEqual(5);
  });
});
