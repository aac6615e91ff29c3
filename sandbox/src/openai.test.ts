import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadProviderSpec } from './testing/provider-spec.ts';
import { startTestSandbox, type TestSandbox } from './testing/test-sandbox.ts';

const images = '/openai/v1/images/generations';
const spec = loadProviderSpec('openai.json');

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
});
afterAll(() => sandbox.close());

describe('image generation', () => {
  test('answers base64 pictures of the asked number, size and format, with usage', async () => {
    const body = {
      model: 'gpt-image-2',
      prompt: 'boats',
      n: 2,
      size: '512x768',
      quality: 'low',
      output_format: 'webp',
    };
    const { status, json, headers } = await sandbox.call(images, { body });
    expect(status).toBe(200);
    expect(headers.get('x-request-id')).toMatch(/^req_/);
    expect(json).toMatchObject({ size: '512x768', quality: 'low', output_format: 'webp', background: 'opaque' });
    expect(json.usage.total_tokens).toBe(json.usage.input_tokens + json.usage.output_tokens);
    expect(json.data).toHaveLength(2);
    for (const { b64_json: bytes } of json.data) {
      const picture = await sharp(Buffer.from(bytes, 'base64')).metadata();
      expect(picture).toMatchObject({ width: 512, height: 768, format: 'webp' });
    }
  });

  test.each(['dall-e-3', 'dall-e-2', 'gpt-image-1', 'no-such-model'])('%s is a missing model', async (model) => {
    const { status, json } = await sandbox.call(images, { body: { model, prompt: 'a cat' } });
    expect(status).toBe(404);
    expect(json.error).toMatchObject({ type: 'invalid_request_error', param: 'model', code: 'model_not_found' });
  });

  const valid = { model: 'gpt-image-2', prompt: 'a cat' };
  test.each([
    ['no prompt', { model: 'gpt-image-2' }, 'prompt', 'missing_required_parameter'],
    ['an empty prompt', { ...valid, prompt: '' }, 'prompt', 'empty_string'],
    ['a prompt too long', { ...valid, prompt: 'a'.repeat(32_001) }, 'prompt', 'string_above_max_length'],
    ['undocumented field', { ...valid, response_format: 'url' }, 'response_format', 'unknown_parameter'],
    ['too many', { ...valid, n: 11 }, 'n', 'integer_above_max_value'],
    ['none', { ...valid, n: 0 }, 'n', 'integer_below_min_value'],
    ['wrong type', { ...valid, n: '2' }, 'n', 'invalid_type'],
    ['unknown quality', { ...valid, quality: 'hd' }, 'quality', 'invalid_value'],
    ['size off the grid', { ...valid, size: '1000x1000' }, 'size', 'invalid_value'],
    ['size too wide', { ...valid, size: '2048x512' }, 'size', 'invalid_value'],
    ['free size of an old model', { ...valid, model: 'gpt-image-1.5', size: '512x512' }, 'size', 'invalid_value'],
    ['transparent jpeg', { ...valid, background: 'transparent', output_format: 'jpeg' }, 'background', 'invalid_value'],
  ])('%s is a 400 that names the parameter', async (_title, body, param, code) => {
    const { status, json } = await sandbox.call(images, { body });
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ param, code, message: expect.any(String) });
  });

  test('missing keys, bad keys and broken JSON', async () => {
    expect((await sandbox.call(images, { body: valid, key: null })).status).toBe(401);
    const invalid = await sandbox.call(images, { body: valid, key: 'invalid' });
    expect(invalid).toMatchObject({ status: 401, json: { error: { code: 'invalid_api_key' } } });
    expect((await sandbox.call(images, { body: '{' })).status).toBe(400);
  });
});

describe('models', () => {
  test('the list announces shutdowns and holds no removed model', async () => {
    const { json } = await sandbox.call('/openai/v1/models');
    const ids = json.data.map(({ id }: { id: string }) => id);
    expect(ids).toContain('gpt-image-2');
    expect(ids).not.toContain('dall-e-3');
    expect((await sandbox.call('/openai/v1/models/gpt-image-1.5')).json.shutdown_date).toBe('2026-12-01');
    expect((await sandbox.call('/openai/v1/models/dall-e-3')).status).toBe(404);
    expect((await sandbox.call('/openai/v1/models', { key: 'invalid' })).status).toBe(401);
  });
});

describe.skipIf(!spec)('answers fit the published specification', () => {
  test('pictures, models and errors', async () => {
    const body = { model: 'gpt-image-2', prompt: 'spec', size: '1024x1024', background: 'transparent' };
    const made = await sandbox.call(images, { body });
    expect(spec?.problems('/components/schemas/ImagesResponse', made.json)).toEqual([]);
    const models = await sandbox.call('/openai/v1/models');
    expect(spec?.problems('/components/schemas/ListModelsResponse', models.json)).toEqual([]);
    for (const broken of [{}, { prompt: 'a' }, { ...body, n: 99 }, { ...body, prompt: '[sandbox: fault=refused]' }]) {
      const { json } = await sandbox.call(images, { body: broken });
      expect(spec?.problems('/components/schemas/ErrorResponse', json)).toEqual([]);
    }
  });
});
