import { parseBuffer } from 'music-metadata';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProviderSpec } from './testing/provider-spec.ts';
import { startTestSandbox, type TestSandbox, until } from './testing/test-sandbox.ts';

const mystic = '/v1/ai/mystic';
const fluxDev = '/v1/ai/text-to-image/flux-dev';
const turbo = '/v1/ai/text-to-image/flux-2-turbo';
const fluxPro = '/v1/ai/text-to-image/flux-pro-v1-1';
const upscaler = '/v1/ai/image-upscaler';
const videos = '/v1/ai/image-to-video';
const [klingPro, klingStd] = [`${videos}/kling-v2-1-pro`, `${videos}/kling-v2-1-std`];
const [hailuo768, hailuo1080] = [`${videos}/minimax-hailuo-02-768p`, `${videos}/minimax-hailuo-02-1080p`];
/** Where a task is asked about, when that is not where it was created. */
const statusPaths: Record<string, string> = {
  [klingPro]: `${videos}/kling-v2-1`,
  [klingStd]: `${videos}/kling-v2-1`,
};
const png = 'iVBORw0KGgo=';
const spec = loadProviderSpec('magnific-freepik.json');

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
});
afterAll(() => sandbox.close());

const call = (path: string, request = {}) => sandbox.call(`/freepik${path}`, request);

async function finished(path: string, id: string) {
  const answer = await until(
    () => call(`${statusPaths[path] ?? path}/${id}`),
    ({ json }) => !['CREATED', 'IN_PROGRESS'].includes(json.data.status),
  );
  return answer.json;
}

describe('tasks', () => {
  test('a task goes from CREATED over IN_PROGRESS to COMPLETED', async () => {
    const created = await call(mystic, { body: { prompt: 'phases [sandbox: latency=150]', resolution: '1k' } });
    expect(created.json).toEqual({ data: { task_id: expect.any(String), status: 'CREATED', generated: [] } });
    const seen = new Set<string>();
    const done = await until(
      () => call(`${mystic}/${created.json.data.task_id}`),
      ({ json }) => seen.add(json.data.status) && json.data.status === 'COMPLETED',
    );
    expect([...seen].filter((status) => status !== 'CREATED')).toEqual(['IN_PROGRESS', 'COMPLETED']);
    expect(done.json.data).toMatchObject({ generated: [expect.any(String)], has_nsfw: [false] });
  });

  test.each([
    [
      mystic,
      { prompt: 'a', resolution: '1k', aspect_ratio: 'widescreen_16_9' },
      { width: 1360, height: 768, format: 'jpeg' },
    ],
    [fluxDev, { prompt: 'b', aspect_ratio: 'square_1_1', seed: 1 }, { width: 1024, height: 1024, format: 'jpeg' }],
    [turbo, { prompt: 'c', image_size: { width: 512, height: 640 } }, { width: 512, height: 640, format: 'png' }],
    [fluxPro, { prompt: 'd', output_format: 'png', seed: null }, { width: 1024, height: 1024, format: 'png' }],
    [upscaler, { image: png, scale_factor: '4x', creativity: -10 }, { width: 1024, height: 1024, format: 'jpeg' }],
  ])('%s draws the asked size and format', async (path, body, expected) => {
    const created = await call(path, { body });
    const { data } = await finished(path, created.json.data.task_id);
    const picture = sharp(Buffer.from(await (await fetch(String(data.generated[0]))).arrayBuffer()));
    expect(await picture.metadata()).toMatchObject(expected);
  });

  test.each([
    [klingPro, { image: png, image_tail: png, duration: '10' }, { seconds: 10, width: 1920, height: 1080 }],
    [klingStd, { image: 'https://example.com/start.png', duration: '5' }, { seconds: 5, width: 1280, height: 720 }],
    [hailuo768, { prompt: 'a', duration: 10 }, { seconds: 10, width: 1366, height: 768 }],
    [
      hailuo1080,
      { prompt: 'a', first_frame_image: png, last_frame_image: png },
      { seconds: 6, width: 1920, height: 1080 },
    ],
  ])('%s makes a video of the asked length', async (path, body, { seconds, width, height }) => {
    const created = await call(path, { body });
    const { data } = await finished(path, created.json.data.task_id);
    const file = await fetch(String(data.generated[0]));
    const { format } = await parseBuffer(Buffer.from(await file.arrayBuffer()), { mimeType: 'video/mp4' });
    expect(format.trackInfo).toMatchObject([{ duration: seconds, video: { pixelWidth: width, pixelHeight: height } }]);
  });

  test('tasks of Kling are asked about at a path of their own', async () => {
    for (const path of [klingPro, klingStd]) {
      const { json } = await call(path, { body: { prompt: 'a', duration: '5' } });
      const id = json.data.task_id;
      expect((await call(`${path}/${id}`)).status).toBe(404);
      expect((await call(`${hailuo768}/${id}`)).status).toBe(404);
      expect((await call(`${videos}/kling-v2-1/${id}`)).json.data.task_id).toBe(id);
    }
  });

  test('both header names carry the key', async () => {
    const headers = { 'x-freepik-api-key': 'old-name' };
    expect((await call(fluxDev, { body: { prompt: 'a' }, key: null, headers })).status).toBe(200);
    const missing = await call(fluxDev, { body: { prompt: 'a' }, key: null });
    expect(missing).toMatchObject({ status: 401, json: { message: 'Missing API key' } });
    const invalid = await call('/v1/creations/recent', { key: 'invalid' });
    expect(invalid).toMatchObject({ status: 401, json: { message: 'Invalid API key' } });
  });

  test('lists show the caller’s own tasks of that model, newest first', async () => {
    const key = 'lister';
    const first = await call(fluxDev, { key, body: { prompt: 'one' } });
    const second = await call(fluxDev, { key, body: { prompt: 'two' } });
    await call(turbo, { key, body: { prompt: 'other model' } });
    const { json } = await call(fluxDev, { key });
    const ids = json.data.map((task: { task_id: string }) => task.task_id);
    expect(ids).toEqual([second.json.data.task_id, first.json.data.task_id]);
    expect((await call(`${fluxDev}/${ids[0]}`, { key: 'another' })).status).toBe(404);
    expect((await call(`${turbo}/${ids[0]}`, { key })).status).toBe(404);
  });

  test('recent creations are paged', async () => {
    const key = 'creator';
    for (const prompt of ['one', 'two', 'three']) await call(fluxDev, { key, body: { prompt } });
    const { json } = await call('/v1/creations/recent?per_page=2&page=2', { key });
    expect(json.data).toHaveLength(1);
    expect(json.meta.pagination).toEqual({ current_page: 2, per_page: 2, last_page: 2, total: 3 });
    expect((await call('/v1/creations/recent?page=0', { key })).status).toBe(400);
    await call(klingStd, { key, body: { prompt: 'four', duration: '5' } });
    const listed = await call('/v1/creations/recent?tool_name=image-to-video', { key });
    expect(listed.json.data).toMatchObject([{ tool_name: 'image-to-video', creation: { family: 'video' } }]);
  });
});

describe('what Freepik refuses', () => {
  test.each([
    ['an undocumented field', mystic, { prompt: 'a', n: 2 }, 'n'],
    ['a value that is not in the list', mystic, { prompt: 'a', resolution: '8k' }, 'resolution'],
    ['a value out of range', mystic, { prompt: 'a', hdr: 101 }, 'hdr'],
    ['a shape that fluid does not know', mystic, { model: 'fluid', aspect_ratio: 'horizontal_2_1' }, 'aspect_ratio'],
    ['a nested mistake', mystic, { styling: { colors: [{ color: 'red', weight: 1 }] } }, 'styling.colors.0.color'],
    ['a missing prompt', turbo, { seed: 1 }, 'prompt'],
    ['a side out of range', turbo, { prompt: 'a', image_size: { width: 4096 } }, 'image_size.width'],
    ['a seed out of range', fluxDev, { prompt: 'a', seed: 0 }, 'seed'],
    ['a tolerance out of range', fluxPro, { prompt: 'a', safety_tolerance: 7 }, 'safety_tolerance'],
    ['nothing to upscale', upscaler, { prompt: 'a' }, 'image'],
    ['a link where bytes are wanted', upscaler, { image: 'https://example.com/a.png' }, 'image'],
    ['a duration that is a number', klingPro, { prompt: 'a', duration: 5 }, 'duration'],
    ['an end frame without pro', klingStd, { prompt: 'a', duration: '5', image_tail: png }, 'image_tail'],
    ['neither prompt nor picture', klingPro, { duration: '5' }, 'prompt'],
    ['a duration between', hailuo768, { prompt: 'a', duration: 8 }, 'duration'],
    ['too long for 1080p', hailuo1080, { prompt: 'a', duration: 10 }, 'duration'],
    ['an end frame alone', hailuo768, { prompt: 'a', last_frame_image: png }, 'first_frame_image'],
  ])('%s is a 400 that names the parameter', async (_title, path, body, name) => {
    const { status, json, headers } = await call(path, { body });
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(json.problem.invalid_params).toEqual([{ name, reason: expect.any(String) }]);
  });

  test('an unknown model, an unknown task and broken JSON', async () => {
    expect((await call('/v1/ai/no-such-model', { body: {} })).status).toBe(404);
    expect((await call(`${mystic}/00000000-0000-4000-8000-000000000000`)).status).toBe(404);
    expect((await call(mystic, { body: '[' })).status).toBe(400);
  });
});

describe.skipIf(!spec)('answers fit the published specification', () => {
  test.each([
    [mystic, {}],
    [fluxDev, {}],
    [fluxPro, {}],
    [turbo, {}],
    [upscaler, { image: png }],
    [klingPro, { duration: '5' }],
    [klingStd, { duration: '5' }],
    [hailuo768, {}],
    [hailuo1080, {}],
  ])('%s: created, completed, failed, listed, refused', async (path, fields) => {
    const fits = (method: string, route: string, status: number, value: unknown) =>
      expect(spec?.problems(spec.answerPointer(method, route, status), value)).toEqual([]);
    for (const fault of ['', 'fault=task_failed', 'fault=refused', 'fault=empty_output']) {
      const created = await call(path, { body: { ...fields, prompt: `spec [sandbox: ${fault}]` } });
      fits('post', path, 200, created.json);
      fits('get', `${statusPaths[path] ?? path}/{task-id}`, 200, await finished(path, created.json.data.task_id));
    }
    fits('get', path, 200, (await call(path)).json);
    fits('post', path, 401, (await call(path, { body: {}, key: null })).json);
    fits('post', path, 500, (await call(path, { body: { prompt: '[sandbox: fault=500]' } })).json);
    fits('get', '/v1/creations/recent', 200, (await call('/v1/creations/recent?per_page=3')).json);
  });
});
