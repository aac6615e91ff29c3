import { randomUUID } from 'node:crypto';
import { createContentLinks } from '@base/shared/crypto/signed-link';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGeneration } from '../../testing/make-generation.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

let api: TestApi;
let tenant: TestTenant;
let stranger: TestTenant;
beforeAll(async () => {
  api = await startApi();
  tenant = await makeTenant(api);
  stranger = await makeTenant(api);
});
afterAll(() => api.close());

const call = (method: string, path: string, body?: unknown, token = tenant.token) =>
  api.call(method, `/api/v1${path}`, { token, ...(body === undefined ? {} : { body }) });
const idsOf = (body: Record<string, unknown>) => (body.data as { id: string }[]).map((item) => item.id); // a page, as declared

describe('the library', () => {
  it('lists newest first, page by page, each generation once, whatever comes in meanwhile', async () => {
    const owner = await makeTenant(api);
    const made = await Promise.all(Array.from({ length: 7 }, () => makeGeneration(owner)));
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await call('GET', `/generations?limit=3${cursor}`, undefined, owner.token);
      seen.push(...idsOf(body));
      cursor = body.has_more === true ? `&cursor=${body.next_cursor}` : '';
      if (seen.length === 3) await makeGeneration(owner);
    } while (cursor !== '');
    // Ids are UUID v7: their order is the order of creation.
    expect(seen).toEqual(made.sort().reverse());
  });

  it('finds by words, tag, folder, favourite and model', async () => {
    const owner = await makeTenant(api);
    const kite = await makeGeneration(owner, {
      prompt: 'a red kite over Lisbon',
      fields: { tags: ['sky'], folder: 'a' },
    });
    const boat = await makeGeneration(owner, {
      prompt: 'a blue boat',
      model: 'replicate/sdxl',
      fields: { is_favorite: true },
    });
    const find = async (query: string) =>
      idsOf((await call('GET', `/generations?${query}`, undefined, owner.token)).body);
    expect(await find('search=lisbon')).toEqual([kite]);
    expect(await find('search=red%20boat')).toEqual([]);
    expect(await find('tag=sky')).toEqual([kite]);
    expect(await find('folder=a')).toEqual([kite]);
    expect(await find('favorite=true')).toEqual([boat]);
    expect(await find('favorite=false')).toEqual([kite]);
    expect(await find('model=replicate%2Fsdxl')).toEqual([boat]);
    expect(await find('type=video')).toEqual([]);
  });

  it('changes what may be changed, and nothing else', async () => {
    const id = await makeGeneration(tenant);
    const changed = await call('PATCH', `/generations/${id}`, { tags: ['a', 'b'], is_favorite: true, folder: 'x' });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ id, tags: ['a', 'b'], is_favorite: true, folder: 'x', is_public: false });
    for (const field of ['credits', 'cost_usd', 'organization_id', 'storage_path', 'deleted_at']) {
      expect((await call('PATCH', `/generations/${id}`, { [field]: null })).status).toBe(422);
    }
  });

  it('refuses a project of another organization or of none', async () => {
    const id = await makeGeneration(tenant);
    const projectId = randomUUID();
    await api.deps.pool.query('insert into projects (id, organization_id, created_by, name) values ($1, $2, $3, $4)', [
      projectId,
      stranger.organizationId,
      stranger.userId,
      'theirs',
    ]);
    for (const project of [projectId, randomUUID()]) {
      const answer = await call('PATCH', `/generations/${id}`, { project_id: project });
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toMatchObject([{ pointer: '/project_id' }]);
    }
  });

  it('forgets a deleted one everywhere', async () => {
    const id = await makeGeneration(tenant, { fields: { is_public: true } });
    expect((await call('DELETE', `/generations/${id}`)).status).toBe(204);
    expect((await call('GET', `/generations/${id}`)).status).toBe(404);
    expect((await call('DELETE', `/generations/${id}`)).status).toBe(404);
    expect((await call('PATCH', `/generations/${id}`, { folder: 'x' })).status).toBe(404);
    expect((await api.call('GET', `/api/v1/generations/${id}/content`)).status).toBe(404);
    expect(idsOf((await call('GET', '/generations?limit=100')).body)).not.toContain(id);
  });

  it('answers another organization exactly as if it did not exist', async () => {
    const id = await makeGeneration(tenant);
    const absent = randomUUID();
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', { folder: 'x' }],
      ['DELETE', ''],
      ['GET', '/content'],
    ] as const) {
      const foreign = await call(method, `/generations/${id}${path}`, body, stranger.token);
      const nothing = await call(method, `/generations/${absent}${path}`, body, stranger.token);
      expect(foreign.status).toBe(404);
      expect({ ...foreign.body, request_id: '' }).toEqual({ ...nothing.body, request_id: '' });
    }
    expect((await call('GET', `/generations/${id}`)).body.folder).toBeNull();
  });
});

describe('the file', () => {
  let id: string;
  beforeAll(async () => {
    id = await makeGeneration(tenant);
  });
  const open = async (url: string) => {
    const { pathname, search } = new URL(url);
    return api.call('GET', pathname + search);
  };

  it('opens with the link that the generation carries, without credentials, and leads to the bytes', async () => {
    const { body } = await call('GET', `/generations/${id}`);
    const answer = await open(String(body.url));
    expect(answer.status, answer.text).toBe(302);
    expect(answer.headers.get('cache-control')).toBe('private, max-age=300');
    const file = await fetch(answer.headers.get('location') ?? '');
    expect(file.headers.get('content-type')).toBe(body.content_type);
    expect((await file.arrayBuffer()).byteLength).toBe(body.bytes);
  });

  it('opens for the organization itself, and for everyone once it is public', async () => {
    expect((await call('GET', `/generations/${id}/content`)).status).toBe(302);
    expect((await api.call('GET', `/api/v1/generations/${id}/content`)).status).toBe(404);
    await call('PATCH', `/generations/${id}`, { is_public: true });
    expect((await api.call('GET', `/api/v1/generations/${id}/content`)).status).toBe(302);
    await call('PATCH', `/generations/${id}`, { is_public: false });
    expect((await api.call('GET', `/api/v1/generations/${id}/content`)).status).toBe(404);
  });

  it('refuses a link that has expired, was changed, or was made for another file, variant or secret', async () => {
    const { config, contentLinks } = api.deps;
    const good = new URL(contentLinks(id));
    const changed = (edit: (url: URL) => void) => {
      const url = new URL(good);
      edit(url);
      return url.href;
    };
    const twoHoursAgo = createContentLinks(config, () => Date.now() - 2 * 3_600_000);
    const bad = [
      twoHoursAgo(id),
      changed((url) => url.searchParams.set('expires', String(Number(url.searchParams.get('expires')) + 300))),
      changed((url) => url.searchParams.set('thumbnail', 'true')),
      changed((url) => url.searchParams.set('signature', 'x'.repeat(43))),
      changed((url) => url.searchParams.delete('signature')),
      contentLinks(randomUUID()).replace(/[0-9a-f-]{36}/, id),
      createContentLinks({ ...config, URL_SIGNING_SECRET: 'another secret of more than 32 characters' })(id),
    ];
    for (const url of bad) expect((await open(url)).status, url).toBe(404);
    expect((await open(good.href)).status).toBe(302);
  });

  it('refuses bad credentials even beside a good link', async () => {
    const { pathname, search } = new URL(api.deps.contentLinks(id));
    expect((await api.call('GET', pathname + search, { token: 'garbage' })).status).toBe(401);
  });
});
