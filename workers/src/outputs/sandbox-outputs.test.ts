import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Provider } from '../providers/provider.ts';
import { buildProviders, customHosts, type ProvidersConfig } from '../providers/registry.ts';
import { sandboxUrl } from '../providers/sandbox-url.ts';
import { fetchOutput } from './fetch-output.ts';
import { inspectImage } from './inspect-image.ts';
import { testConfig } from './test-config.ts';

const models = [
  ['replicate', 'flux-schnell'],
  ['freepik', 'mystic'],
] as const;
let config: ProvidersConfig;

beforeAll(() => {
  const url = sandboxUrl();
  config = testConfig({
    REPLICATE_API_TOKEN: 'test-key',
    REPLICATE_BASE_URL: `${url}/replicate/v1`,
    FREEPIK_API_KEY: 'test-key',
    FREEPIK_BASE_URL: `${url}/freepik`,
  });
});

/** Has the provider make a picture and gives its link. */
async function makeLink(provider: Provider, model: string, directives: string): Promise<string> {
  const input = { prompt: `A bridge ${randomUUID()} [sandbox: latency=0${directives}]` };
  const request = { model, input, requestId: 'outputs', secondsLeft: 60, signal: AbortSignal.timeout(20_000) };
  const submitted = await provider.submit(request);
  if (submitted.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(submitted)}`);
  const done = await vi.waitUntil(
    async () => {
      const state = await provider.poll(submitted.taskId, request);
      return state.kind === 'done' ? state : null;
    },
    { timeout: 20_000, interval: 20 },
  );
  const [file] = done.output.files;
  if (file?.kind !== 'url') throw new Error('no link');
  return file.url;
}

async function readPicture(name: string, model: string, directives: string, timeoutMs = 20_000) {
  const provider = buildProviders(config).withPlatformKey(name);
  if (!provider) throw new Error(`no provider ${name}`);
  const stream = await fetchOutput({
    url: await makeLink(provider, model, directives),
    isOutputHost: (host) => provider.isOutputHost(host),
    trustedHosts: customHosts(config),
    bytesMax: 60 * 1024 * 1024,
    timeoutMs,
    idleTimeoutMs: 20_000,
    signal: AbortSignal.timeout(30_000),
  });
  return inspectImage(await buffer(stream));
}

describe.each(models)('outputs of %s %s', (name, model) => {
  it('are fetched and recognised', async () => {
    const picture = await readPicture(name, model, '');
    expect(picture.width).toBeGreaterThanOrEqual(1024);
    expect(picture.contentType).toMatch(/^image\/(jpeg|png|webp)$/);
  });

  it.each([
    [', fault=expired_output', 'output_unavailable'],
    [', fault=not_an_image', 'output_invalid'],
    [', fault=huge_output', 'output_invalid'],
  ])('fail with%s as %2$s', async (directives, code) => {
    await expect(readPicture(name, model, directives)).rejects.toMatchObject({ code });
  });

  it('fail in time when they drip', async () => {
    const dripping = readPicture(name, model, ', fault=slow_output', 500);
    await expect(dripping).rejects.toMatchObject({ code: 'output_unavailable' });
  });
});
