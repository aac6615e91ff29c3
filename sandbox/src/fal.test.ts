import { parseBuffer } from 'music-metadata';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProviderSpec } from './testing/provider-spec.ts';
import { startTestSandbox, type TestSandbox, until } from './testing/test-sandbox.ts';

const schnell = '/fal/fal-ai/flux/schnell';
const klingPro = '/fal/fal-ai/kling-video/v2.1/pro/image-to-video';
const klingStandard = '/fal/fal-ai/kling-video/v2.1/standard/image-to-video';
const startImage = { image_url: 'https://example.com/start.png' };
const spec = loadProviderSpec('fal-platform.json');

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
});
afterAll(() => sandbox.close());

/** What fal's answers have in them; which of it an answer has, its test knows. */
interface Fields {
  status: string;
  request_id: string;
  status_url: string;
  response_url: string;
  cancel_url: string;
  logs: { message: string }[];
  images: { url: string; width: number; height: number; content_type: string }[];
  video: { url: string; file_size: number };
  seed: number;
  detail: { loc: string[]; type: string }[] & string;
}

async function call(url: string, request: { method?: string; body?: unknown; key?: string | null } = {}) {
  const { key = 'key-of-tests', body, method } = request;
  const answer = await sandbox.call(url.replace(sandbox.url, ''), {
    key: null,
    headers: key === null ? {} : { authorization: `Key ${key}` },
    ...(method !== undefined && { method }),
    ...(body !== undefined && { body }),
  });
  const fields: Fields = JSON.parse(answer.text);
  return { status: answer.status, headers: answer.headers, fields };
}

/** The result of a new request, once the queue says that it is there. */
async function resultOf(path: string, body: Record<string, unknown>) {
  const { fields } = await call(path, { body });
  await until(
    () => call(fields.status_url),
    (answer) => answer.fields.status === 'COMPLETED',
  );
  return call(fields.response_url);
}

describe('requests', () => {
  test('a request goes from IN_QUEUE over IN_PROGRESS to COMPLETED, at addresses of its app', async () => {
    const created = await call(schnell, { body: { prompt: 'phases [sandbox: latency=1000]' } });
    const { request_id: id } = created.fields;
    const self = `${sandbox.url}/fal/fal-ai/flux/requests/${id}`;
    const urls = { request_id: id, response_url: self, status_url: `${self}/status`, cancel_url: `${self}/cancel` };
    expect(created.status).toBe(200);
    expect(created.fields).toEqual({ status: 'IN_QUEUE', ...urls, queue_position: 0 });

    const seen = new Map<string, unknown>();
    await until(
      () => call(`${self}/status?logs=1`),
      ({ status, fields }) => {
        seen.set(fields.status, { status, fields });
        return fields.status === 'COMPLETED';
      },
    );
    expect(seen.get('IN_PROGRESS')).toMatchObject({ status: 202, fields: { ...urls, logs: expect.any(Array) } });
    expect(seen.get('COMPLETED')).toMatchObject({
      status: 200,
      fields: { ...urls, logs: expect.any(Array), metrics: { inference_time: 0.8 } },
    });
    const { fields } = await call(`${self}/status?logs=1`);
    expect(fields.logs.at(-1)?.message).toMatch(/^100%\|.+\| 10\/10 /);
    expect((await call(`${self}/status`)).fields.logs).toBeNull();
  });

  test('only the app of the endpoint knows a request, and only its owner', async () => {
    const { fields } = await call(schnell, { body: { prompt: 'mine' } });
    const { request_id: id } = fields;
    for (const path of [`/fal/fal-ai/flux-pro/requests/${id}`, `/fal/fal-ai/flux/requests/${id}0`]) {
      for (const suffix of ['', '/status']) {
        expect(await call(path + suffix)).toMatchObject({ status: 404, fields: { status: 'NOT_FOUND' } });
      }
    }
    expect((await call(`/fal/fal-ai/flux/schnell/requests/${id}/status`)).status).toBe(404);
    expect((await call(fields.status_url, { key: 'another' })).status).toBe(404);
    expect((await call(fields.response_url, { key: 'another' })).status).toBe(404);
    expect((await call(fields.cancel_url, { key: 'another', method: 'PUT' })).status).toBe(404);
  });

  test('cancelling ends a request for good, and comes too late for one that is over', async () => {
    const { fields } = await call(schnell, { body: { prompt: 'stop [sandbox: fault=never_ends]' } });
    const early = await call(fields.response_url);
    expect(early).toMatchObject({ status: 400, fields: { detail: 'Request is still in progress' } });
    const cancel = () => call(fields.cancel_url, { method: 'PUT' });
    expect(await cancel()).toMatchObject({ status: 202, fields: { status: 'CANCELLATION_REQUESTED' } });
    expect((await call(fields.status_url)).fields.status).toBe('COMPLETED');
    expect(await call(fields.response_url)).toMatchObject({ status: 499, fields: { error_type: 'client_cancelled' } });
    expect(await cancel()).toMatchObject({ status: 400, fields: { status: 'ALREADY_COMPLETED' } });
  });

  test('pictures have the asked number, size and format', async () => {
    const image_size = { width: 320, height: 256 };
    const body = { prompt: 'size', image_size, num_images: 2, output_format: 'png', seed: 7 };
    const { fields } = await resultOf(schnell, body);
    expect(fields).toMatchObject({ seed: 7, prompt: 'size', has_nsfw_concepts: [false, false] });
    expect(fields.images).toHaveLength(2);
    for (const image of fields.images) {
      expect(image).toEqual({
        url: expect.stringContaining('/fal-delivery/'),
        ...image_size,
        content_type: 'image/png',
      });
      const picture = sharp(Buffer.from(await (await fetch(image.url)).arrayBuffer()));
      expect(await picture.metadata()).toMatchObject({ ...image_size, format: 'png' });
    }
    const named = await resultOf('/fal/fal-ai/flux-pro/v1.1', { prompt: 'shape', image_size: 'portrait_16_9' });
    expect(named.fields.images).toMatchObject([{ width: 576, height: 1024, content_type: 'image/jpeg' }]);
  });

  test.each([
    [klingStandard, {}, { seconds: 5, width: 1280, height: 720 }],
    [
      klingPro,
      { duration: '10', tail_image_url: 'data:image/png;base64,AA==' },
      { seconds: 10, width: 1920, height: 1080 },
    ],
  ])('%s answers one video of the asked length', async (path, extra, expected) => {
    const { fields } = await resultOf(path, { prompt: 'move', ...startImage, ...extra });
    expect(fields.video).toMatchObject({ content_type: 'video/mp4', file_name: 'output.mp4' });
    const file = await fetch(fields.video.url);
    const bytes = Buffer.from(await file.arrayBuffer());
    expect([file.headers.get('content-type'), bytes.length]).toEqual(['video/mp4', fields.video.file_size]);
    const { format } = await parseBuffer(bytes, { mimeType: 'video/mp4' });
    const { seconds, width, height } = expected;
    expect(format.trackInfo).toMatchObject([{ duration: seconds, video: { pixelWidth: width, pixelHeight: height } }]);
  });
});

describe('what fal refuses', () => {
  test.each([
    ['no prompt', schnell, {}, 'missing', ['body', 'prompt']],
    ['an undocumented field', schnell, { prompt: 'a', n: 2 }, 'extra_forbidden', ['body', 'n']],
    ['a value out of range', schnell, { prompt: 'a', num_images: 5 }, 'less_than_equal', ['body', 'num_images']],
    ['an unknown size', schnell, { prompt: 'a', image_size: 'huge' }, 'literal_error', ['body', 'image_size']],
    [
      'a size of one side',
      schnell,
      { prompt: 'a', image_size: { width: 'x' } },
      'integer_type',
      ['body', 'image_size', 'width'],
    ],
    ['no start image', klingPro, { prompt: 'a' }, 'missing', ['body', 'image_url']],
    [
      'an end frame without pro',
      klingStandard,
      { prompt: 'a', ...startImage, tail_image_url: 'https://a.b/c' },
      'extra_forbidden',
      ['body', 'tail_image_url'],
    ],
    [
      'a duration that is a number',
      klingPro,
      { prompt: 'a', ...startImage, duration: 5 },
      'string_type',
      ['body', 'duration'],
    ],
  ])('%s is a 422 that says where', async (_title, path, body, type, loc) => {
    const { status, fields } = await call(path, { body });
    expect(status).toBe(422);
    expect(fields.detail).toEqual([expect.objectContaining({ type, loc, msg: expect.any(String) })]);
  });

  test('missing and wrong keys, unknown endpoints, broken JSON, a webhook that is no address', async () => {
    const body = { prompt: 'a' };
    expect(await call(schnell, { body, key: null })).toMatchObject({
      status: 401,
      fields: { detail: expect.any(String) },
    });
    expect((await call(schnell, { body, key: 'invalid' })).status).toBe(401);
    expect((await sandbox.call(schnell, { body, key: 'bearer-is-not-enough' })).status).toBe(401);
    expect((await call('/fal/fal-ai/no-such-app', { body })).status).toBe(404);
    expect((await call(schnell, { body: '{"prompt":' })).status).toBe(422);
    expect((await call(`${schnell}?fal_webhook=nowhere`, { body })).status).toBe(422);
    const results = '/fal/fal-ai/flux/requests/00000000-0000-4000-8000-000000000000';
    expect((await call(results, { key: null })).status).toBe(401);
    expect((await call(results, { key: 'invalid' })).status).toBe(401);
  });

  test('a failed request is COMPLETED, and its result is the error', async () => {
    const failed = await resultOf(schnell, { prompt: 'a [sandbox: fault=task_failed]' });
    expect(failed).toMatchObject({ status: 500, fields: { detail: [{ type: 'internal_server_error' }] } });
    const refused = await resultOf(schnell, { prompt: 'a [sandbox: fault=refused]' });
    expect(refused).toMatchObject({ status: 422, fields: { detail: [{ type: 'content_policy_violation' }] } });
    expect(refused.headers.get('x-fal-retryable')).toBe('false');
  });
});

describe('the platform', () => {
  const pricing = '/fal-platform/v1/models/pricing';

  test('prices are given for one or several endpoints', async () => {
    const ids = ['fal-ai/flux/schnell', 'fal-ai/kling-video/v2.1/pro/image-to-video'];
    for (const query of [`endpoint_id=${ids.join(',')}`, ids.map((id) => `endpoint_id=${id}`).join('&')]) {
      const { status, fields } = await call(`${pricing}?${query}`);
      expect(status).toBe(200);
      expect(fields).toMatchObject({
        has_more: false,
        prices: ids.map((endpoint_id) => ({ endpoint_id, currency: 'USD' })),
      });
    }
  });

  test.skipIf(!spec)('answers fit the published specification', async () => {
    const problems = (status: number, value: unknown) =>
      spec?.problems(spec.answerPointer('get', '/models/pricing', status), value);
    for (const [query, key, status] of [
      ['?endpoint_id=fal-ai/flux-pro/v1.1', 'any', 200],
      ['?endpoint_id=fal-ai/flux-pro/v1.1', 'invalid', 401],
      ['?endpoint_id=fal-ai/flux-pro/v1.1', null, 401],
      ['', 'any', 400],
      ['?endpoint_id=no-such-app', 'any', 404],
    ] as const) {
      const answer = await call(pricing + query, { key });
      expect([query, key, answer.status]).toEqual([query, key, status]);
      expect(problems(status, answer.fields)).toEqual([]);
    }
  });
});
