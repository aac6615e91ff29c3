import { parseBuffer } from 'music-metadata';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProviderSpec } from './testing/provider-spec.ts';
import { startTestSandbox, type TestSandbox, until } from './testing/test-sandbox.ts';

const schnell = '/replicate/v1/models/black-forest-labs/flux-schnell/predictions';
const pro = '/replicate/v1/models/black-forest-labs/flux-1.1-pro/predictions';
const kling = '/replicate/v1/models/kwaivgi/kling-v2.1/predictions';
const hailuo = '/replicate/v1/models/minimax/hailuo-2.3/predictions';
const start_image = 'https://example.com/start.png';
const predictions = '/replicate/v1/predictions';
const sdxlVersion = '7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc';
const spec = loadProviderSpec('replicate.json');
const predictionSchema = '/components/schemas/schemas_prediction_response';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
});
afterAll(() => sandbox.close());

async function finished(id: string) {
  const isFinal = (answer: { json: { status: string } }) => !['starting', 'processing'].includes(answer.json.status);
  return (await until(() => sandbox.call(`${predictions}/${id}`), isFinal)).json;
}

describe('predictions', () => {
  test('a prediction goes from starting over processing to succeeded', async () => {
    const created = await sandbox.call(schnell, { body: { input: { prompt: 'phases [sandbox: latency=150]' } } });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({ status: 'starting', output: null, version: 'hidden', source: 'api' });
    const seen = new Set<string>();
    await until(
      () => sandbox.call(`${predictions}/${created.json.id}`),
      ({ json }) => seen.add(json.status) && json.status === 'succeeded',
    );
    expect([...seen].filter((status) => status !== 'starting')).toEqual(['processing', 'succeeded']);
  });

  test('outputs have the asked number, size and format', async () => {
    const input = { prompt: 'size', aspect_ratio: '16:9', megapixels: '0.25', num_outputs: 2, output_format: 'jpg' };
    const { json } = await sandbox.call(schnell, { body: { input }, headers: { prefer: 'wait=5' } });
    expect(json.output).toHaveLength(2);
    for (const url of json.output) {
      const file = await fetch(url);
      expect(file.headers.get('content-type')).toBe('image/jpeg');
      const picture = await sharp(Buffer.from(await file.arrayBuffer())).metadata();
      expect(picture).toMatchObject({ width: 672, height: 384, format: 'jpeg' });
    }
  });

  test('flux-1.1-pro answers one URL, with custom sides', async () => {
    const input = { prompt: 'custom', aspect_ratio: 'custom', width: 512, height: 256, output_format: 'png' };
    const { status, json } = await sandbox.call(pro, { body: { input }, headers: { prefer: 'wait' } });
    expect(status).toBe(201);
    const picture = sharp(Buffer.from(await (await fetch(String(json.output))).arrayBuffer()));
    expect(await picture.metadata()).toMatchObject({ width: 512, height: 256, format: 'png' });
  });

  test.each([
    [kling, { start_image }, { seconds: 5, width: 1280, height: 720 }],
    [
      kling,
      { start_image, end_image: start_image, mode: 'pro', duration: 10 },
      { seconds: 10, width: 1920, height: 1080 },
    ],
    [hailuo, {}, { seconds: 6, width: 1366, height: 768 }],
    [hailuo, { first_frame_image: start_image, duration: 10 }, { seconds: 10, width: 1366, height: 768 }],
    [hailuo, { resolution: '1080p', prompt_optimizer: false }, { seconds: 6, width: 1920, height: 1080 }],
  ])('%s with %o answers the link of one video', async (path, extra, { seconds, width, height }) => {
    const body = { input: { prompt: 'move', ...extra } };
    const { json } = await sandbox.call(path, { body, headers: { prefer: 'wait=5' } });
    expect(json.output).toMatch(/\/out-0\.mp4$/);
    const file = await fetch(String(json.output));
    expect(file.headers.get('content-type')).toBe('video/mp4');
    const { format } = await parseBuffer(Buffer.from(await file.arrayBuffer()), { mimeType: 'video/mp4' });
    expect(format.trackInfo).toMatchObject([{ duration: seconds, video: { pixelWidth: width, pixelHeight: height } }]);
  });

  test('the logs show how far a prediction is', async () => {
    const created = await sandbox.call(kling, {
      body: { input: { prompt: 'far [sandbox: latency=1000]', start_image } },
    });
    const percents = new Set<number>();
    await until(
      () => sandbox.call(`${predictions}/${created.json.id}`),
      ({ json, text }) => {
        const { logs } = JSON.parse(text) as { logs: string }; // The field that this test is about.
        // The last line as clients read it.
        const [, percent] = /^\s*(\d+)%\s*\|.+?\|\s*\d+\/\d+/.exec(logs.split('\n').at(-1) ?? '') ?? [];
        if (percent !== undefined) percents.add(Number(percent));
        return json.status === 'succeeded';
      },
    );
    expect([...percents]).toEqual([...percents].sort((one, other) => one - other));
    expect([...percents].at(-1)).toBe(100);
    expect(percents.size).toBeGreaterThan(2);
  });

  test('SDXL runs by version only, bare or with its name', async () => {
    const input = { prompt: 'by version', width: 512, height: 768 };
    for (const version of [sdxlVersion, `stability-ai/sdxl:${sdxlVersion}`]) {
      const { status, json } = await sandbox.call(predictions, { body: { version, input } });
      expect(status).toBe(201);
      expect(json).toMatchObject({ model: 'stability-ai/sdxl', version: sdxlVersion });
    }
    const byName = '/replicate/v1/models/stability-ai/sdxl/predictions';
    expect((await sandbox.call(byName, { body: { input } })).status).toBe(404);
    const unknown = await sandbox.call(predictions, { body: { version: 'f'.repeat(64), input } });
    expect(unknown).toMatchObject({ status: 422, json: { title: 'Invalid version or not permitted' } });
  });

  test('Prefer: wait answers 202 when the prediction outlasts it', async () => {
    const input = { prompt: 'slow [sandbox: latency=60000]' };
    const { status, json } = await sandbox.call(schnell, { body: { input }, headers: { prefer: 'wait=1' } });
    expect(status).toBe(202);
    expect(json.output).toBeNull();
  });

  test('cancelling stops a prediction for good, and leaves a finished one alone', async () => {
    const running = await sandbox.call(schnell, { body: { input: { prompt: 'stop [sandbox: fault=never_ends]' } } });
    await until(
      () => sandbox.call(`${predictions}/${running.json.id}`),
      ({ json }) => json.status === 'processing',
    );
    const canceled = await sandbox.call(`${predictions}/${running.json.id}/cancel`, { method: 'POST' });
    expect(canceled).toMatchObject({ status: 200, json: { status: 'canceled', output: null } });
    expect(canceled.json.completed_at).toEqual(expect.any(String));

    const done = await sandbox.call(schnell, { body: { input: { prompt: 'done' } } });
    await finished(done.json.id);
    const late = await sandbox.call(`${predictions}/${done.json.id}/cancel`, { method: 'POST' });
    expect(late.json.status).toBe('succeeded');
  });

  test('Cancel-After sets the deadline and refuses less than five seconds', async () => {
    const body = { input: { prompt: 'deadline' } };
    const { json } = await sandbox.call(schnell, { body, headers: { 'cancel-after': '1m30s' } });
    expect(Date.parse(json.deadline) - Date.parse(json.created_at)).toBe(90_000);
    for (const duration of ['4', '4s', 'soon']) {
      const refused = await sandbox.call(schnell, { body, headers: { 'cancel-after': duration } });
      expect([duration, refused.status]).toEqual([duration, 400]);
    }
  });
});

describe('what Replicate refuses', () => {
  const valid = { prompt: 'a cat' };
  test.each([
    ['no prompt', {}, 'required', 'prompt is required'],
    ['undocumented field', { ...valid, size: 'big' }, 'additional_property_not_allowed', 'size'],
    ['out of range', { ...valid, num_outputs: 5 }, 'number_lte', 'Must be less than or equal to 4'],
    ['wrong type', { ...valid, seed: null }, 'invalid_type', 'Expected: integer, given: null'],
    ['not in the list', { ...valid, aspect_ratio: '7:5' }, 'enum', 'aspect_ratio must be one of'],
  ])('%s is a 422 that names the field', async (_title, input, type, description) => {
    const { status, json } = await sandbox.call(schnell, { body: { input } });
    expect(status).toBe(422);
    expect(json.invalid_fields).toEqual([expect.objectContaining({ type })]);
    expect(json.detail).toContain(description);
  });

  test.each([
    ['no start image', kling, { prompt: 'a' }, 'start_image is required'],
    ['an end image without pro', kling, { prompt: 'a', start_image, end_image: start_image }, 'pro mode is required'],
    ['a duration of its own', kling, { prompt: 'a', start_image, duration: 7 }, 'one of the following: 5, 10'],
    ['a duration of its own', hailuo, { prompt: 'a', duration: 8 }, 'one of the following: 6, 10'],
    ['too long for 1080p', hailuo, { prompt: 'a', duration: 10, resolution: '1080p' }, 'only a duration of 6 seconds'],
  ])('%s is a 422, too', async (_title, path, input, description) => {
    const { status, json } = await sandbox.call(path, { body: { input } });
    expect([status, json.invalid_fields.length]).toEqual([422, 1]);
    expect(json.detail).toContain(description);
  });

  test('unknown models, missing tokens, bad tokens and broken JSON', async () => {
    const body = { input: valid };
    expect((await sandbox.call('/replicate/v1/models/a/b/predictions', { body })).status).toBe(404);
    expect((await sandbox.call(schnell, { body, key: null })).status).toBe(401);
    const invalid = await sandbox.call(schnell, { body, key: 'invalid' });
    expect(invalid).toMatchObject({ status: 401, json: { detail: expect.any(String) } });
    expect((await sandbox.call('/replicate/v1/account', { key: 'invalid' })).status).toBe(401);
    expect((await sandbox.call(schnell, { body: '{"input":' })).status).toBe(400);
    const undeclared = await sandbox.call(schnell, { body, headers: { 'content-type': 'text/plain' } });
    expect(undeclared.status).toBe(400);
  });
});

describe('the list of predictions', () => {
  test('pages through the caller’s own predictions, newest first, forth and back', async () => {
    const key = 'key-with-many';
    const ids: string[] = [];
    for (let index = 0; index < 205; index += 1) {
      const { json } = await sandbox.call(schnell, { key, body: { input: { prompt: `number ${index}` } } });
      ids.unshift(json.id);
    }
    const page = async (url: string) => (await sandbox.call(url.replace(sandbox.url, ''), { key })).json;
    const first = await page(predictions);
    const second = await page(first.next);
    const third = await page(second.next);
    const seen = [first, second, third].flatMap(({ results }) => results);
    expect(seen.map(({ id }) => id)).toEqual(ids);
    expect(seen[0]?.input).toEqual({ prompt: 'number 204' });
    expect([first.previous, third.next]).toEqual([null, null]);
    expect((await page(third.previous)).results).toEqual(second.results);
    expect(spec?.problems(spec.answerPointer('get', '/predictions', 200), second) ?? []).toEqual([]);
  });

  test('narrows by time and refuses a foreign cursor', async () => {
    const key = 'key-with-few';
    const { json } = await sandbox.call(schnell, { key, body: { input: { prompt: 'one' } } });
    const at = Date.parse(json.created_at);
    const list = async (query: string) => (await sandbox.call(`${predictions}?${query}`, { key })).json.results.length;
    expect(await list(`created_after=${new Date(at).toISOString()}`)).toBe(1);
    expect(await list(`created_before=${new Date(at).toISOString()}`)).toBe(0);
    expect((await sandbox.call(`${predictions}?cursor=abc`, { key })).status).toBe(404);
  });

  test('nobody sees another account’s prediction', async () => {
    const { json } = await sandbox.call(schnell, { key: 'key-a', body: { input: { prompt: 'mine' } } });
    expect((await sandbox.call(`${predictions}/${json.id}`, { key: 'key-b' })).status).toBe(404);
    expect((await sandbox.call(`${predictions}/${json.id}/cancel`, { key: 'key-b', method: 'POST' })).status).toBe(404);
  });
});

describe.skipIf(!spec)('answers fit the published specification', () => {
  const problems = (value: unknown) => spec?.problems(predictionSchema, value);

  test('predictions in every final state', async () => {
    for (const [path, input] of [
      [schnell, {}],
      [kling, { start_image }],
    ] as const) {
      for (const fault of ['', 'fault=task_failed', 'fault=refused', 'fault=canceled']) {
        const body = { input: { ...input, prompt: `spec [sandbox: ${fault}]` } };
        const created = await sandbox.call(path, { body });
        expect([fault, problems(created.json)]).toEqual([fault, []]);
        expect([fault, problems(await finished(created.json.id))]).toEqual([fault, []]);
      }
    }
  });

  test('the account', async () => {
    const { json } = await sandbox.call('/replicate/v1/account');
    expect(spec?.problems(spec.answerPointer('get', '/account', 200), json)).toEqual([]);
  });
});
