import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findModelContract } from '@base/shared/contracts/models/model-registry';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PollResult, type Provider, ProviderUnreachable, type SubmitResult } from './provider.ts';
import { findCalls } from './sandbox-book.ts';
import { sandboxUrl } from './sandbox-url.ts';

export interface ProviderFixtures {
  /** Builds the provider for the API at `baseUrl`. */
  create(options: { apiKey: string; baseUrl: string; timeoutMs?: number }): Provider;
  /** Path of this provider's API in the sandbox. */
  sandboxPath: string;
  /** Names of the models to run, without the provider. */
  models: readonly string[];
  /** A host that the provider delivers from. */
  outputHost: string;
}

type End = Exclude<SubmitResult, { kind: 'accepted' }> | PollResult;

const apiKey = 'key-that-nobody-may-see-1234';
const limits = { resolutionMax: Number.POSITIVE_INFINITY };

/** The contract of `provider.ts`, for every provider alike, against the sandbox over HTTP. */
export function describeProvider(name: string, fixtures: ProviderFixtures): void {
  const [firstModel = ''] = fixtures.models;
  // What is optional in the contract is tested where it is offered.
  const offers = fixtures.create({ apiKey, baseUrl: 'http://offers.invalid' });
  let provider: Provider;
  let baseUrl: string;

  beforeAll(() => {
    baseUrl = `${sandboxUrl()}${fixtures.sandboxPath}`;
    provider = fixtures.create({ apiKey, baseUrl });
  });

  /** A submit with a prompt that no other test uses. */
  function order(directives: string, model = firstModel) {
    const mark = randomUUID();
    const contract = findModelContract(`${name}/${model}`);
    if (!contract) throw new Error(`no model ${name}/${model}`);
    const prompt = `A lighthouse ${mark} [sandbox: latency=40, picture=tiny${directives && `, ${directives}`}]`;
    const input = contract.complete(contract.input.parse({ prompt }), limits);
    const request = { model, input, requestId: `req-${mark}`, signal: AbortSignal.timeout(30_000) };
    return { mark, request, calls: () => findCalls(mark) };
  }

  /** Submits and polls until it is over. */
  async function run(target: Provider, request: ReturnType<typeof order>['request']) {
    let unreachable = 0;
    const submitted = await target.submit(request);
    if (submitted.kind !== 'accepted') return { submitted, end: submitted satisfies End as End, unreachable };
    const end = await vi.waitUntil(
      async () => {
        const state = await target.poll(submitted.taskId, request).catch((error: unknown) => {
          if (!(error instanceof ProviderUnreachable)) throw error;
          unreachable += 1;
          return null;
        });
        return state && state.kind !== 'running' ? state : null;
      },
      { timeout: 20_000, interval: 20 },
    );
    return { submitted, end: end satisfies End as End, unreachable };
  }

  describe(`${name} keeps the provider contract`, () => {
    it.each(fixtures.models)('makes what was ordered from %s, with one paid call', async (model) => {
      const { request, calls } = order('', model);
      const { end } = await run(provider, request);
      expect(end).toMatchObject({ kind: 'done' });
      const files = end.kind === 'done' ? end.output.files : [];
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        if (file.kind === 'bytes') expect(file.bytes.length).toBeGreaterThan(0);
        else expect(provider.isOutputHost(new URL(file.url).host)).toBe(true);
      }
      expect(await calls()).toMatchObject([{ billed: true, request_id: request.requestId }]);
    });

    it.each([
      ['429, retry_after=7', { code: 'provider_rate_limited', retryAfterMs: 7_000 }],
      ['503, retry_after=3', { code: 'provider_unavailable', retryAfterMs: 3_000 }],
      ['401', { code: 'provider_auth' }],
      ['402', { code: 'provider_billing' }],
    ])('takes fault %s for a rejection after one paid call', async (fault, failure) => {
      const { request, calls } = order(`fault=${fault}`);
      expect(await provider.submit(request)).toMatchObject({ kind: 'rejected', failure });
      expect(await calls()).toMatchObject([{ billed: false }]);
    });

    it.each(['500', '500_after', 'reset', 'reset_after', 'malformed', 'html'])(
      'calls the outcome of fault %s unknown after one paid call',
      async (fault) => {
        const { request, calls } = order(`fault=${fault}`);
        expect(await provider.submit(request)).toMatchObject({ kind: 'unknown' });
        expect(await calls()).toHaveLength(1);
      },
    );

    it.each(['timeout', 'timeout_after'])(
      'gives up on fault %s in its own time and calls it unknown',
      async (fault) => {
        const { request, calls } = order(`fault=${fault}`);
        const hasty = fixtures.create({ apiKey, baseUrl, timeoutMs: 300 });
        expect(await hasty.submit(request)).toMatchObject({ kind: 'unknown' });
        expect(await calls()).toHaveLength(1);
      },
    );

    it('calls a paid call unknown when it is aborted on the way', async () => {
      const { request, calls } = order('fault=timeout_after');
      const abort = new AbortController();
      const submitted = provider.submit({ ...request, signal: abort.signal });
      await vi.waitUntil(async () => (await calls()).length > 0, { timeout: 10_000, interval: 20 });
      abort.abort();
      expect(await submitted).toMatchObject({ kind: 'unknown' });
      expect(await calls()).toHaveLength(1);
    });

    it('sends nothing when it is aborted before', async () => {
      const { request, calls } = order('');
      const result = await provider.submit({ ...request, signal: AbortSignal.abort() });
      expect(result).toMatchObject({ kind: 'rejected', failure: { code: 'provider_unavailable' } });
      expect(await calls()).toEqual([]);
    });

    it('knows that nothing was bought when the name is unknown or the connection refused', async () => {
      const failure = { code: 'provider_unavailable' };
      for (const unreachable of ['http://nowhere.invalid', `http://127.0.0.1:${await freePort()}`]) {
        const lost = fixtures.create({ apiKey, baseUrl: unreachable });
        expect(await lost.submit(order('').request)).toMatchObject({ kind: 'rejected', failure });
      }
    });

    it('knows that nothing was bought when the TLS handshake fails', async () => {
      const plain = fixtures.create({ apiKey, baseUrl: baseUrl.replace('http:', 'https:') });
      const { request, calls } = order('');
      const failure = { code: 'provider_unavailable' };
      expect(await plain.submit(request)).toMatchObject({ kind: 'rejected', failure });
      expect(await calls()).toEqual([]);
    });

    it('reports refused content as such', async () => {
      const { end } = await run(provider, order('fault=refused').request);
      expect(['rejected', 'failed']).toContain(end.kind);
      expect(end).toMatchObject({ failure: { code: 'content_refused' } });
    });

    it('never reports a failed task as done', async () => {
      const { end } = await run(provider, order('fault=task_failed').request);
      if (end.kind === 'failed') expect(end.failure.code).toBe('provider_failed');
      else expect(end.kind).toBe('unknown');
    });

    it('never reports an empty output as done', async () => {
      const { end } = await run(provider, order('fault=empty_output').request);
      if (end.kind === 'failed') expect(end.failure.code).toBe('output_invalid');
      else expect(end.kind).toBe('unknown');
    });

    it('reports a task that the provider stopped', async () => {
      const { end } = await run(provider, order('fault=canceled').request);
      expect(['canceled', 'unknown']).toContain(end.kind);
    });

    it('says that nobody can say while polling fails, and goes on afterwards', async () => {
      const { submitted, end, unreachable } = await run(provider, order('fault=poll_500, times=2').request);
      expect(end.kind).toBe('done');
      expect(unreachable).toBe(submitted.kind === 'accepted' ? 2 : 0);
    });

    it('knows a task that the provider does not know', async () => {
      expect(await provider.poll('00000000-0000-4000-8000-000000000000', order('').request)).toEqual({ kind: 'gone' });
    });

    it.skipIf(!offers.findTasks)('finds the task of a lost submit, and no other', async () => {
      const { request, calls } = order('fault=reset_after');
      const submittedAfter = new Date(Date.now() - 1_000);
      await run(provider, order('').request);
      expect(await provider.submit(request)).toMatchObject({ kind: 'unknown' });
      const [call] = await calls();
      const inAnHour = new Date(Date.now() + 3_600_000);
      expect(await provider.findTasks?.({ ...request, submittedAfter })).toEqual([call?.task_id]);
      expect(await provider.findTasks?.({ ...order('').request, submittedAfter })).toEqual([]);
      expect(await provider.findTasks?.({ ...request, submittedAfter: inAnHour })).toEqual([]);
    });

    it.skipIf(!offers.cancel)('stops a task', async () => {
      const { request } = order('fault=never_ends, latency=600000');
      const submitted = await provider.submit(request);
      if (submitted.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(submitted)}`);
      await provider.cancel?.(submitted.taskId, request);
      expect(await provider.poll(submitted.taskId, request)).toEqual({ kind: 'canceled' });
    });

    it('delivers from its own hosts only', () => {
      const official = fixtures.create({ apiKey, baseUrl: fixtures.outputHost });
      const { host } = new URL(fixtures.outputHost);
      expect(official.isOutputHost(host)).toBe(true);
      for (const other of [`${host}.example.com`, `x${host}`, 'localhost', '127.0.0.1', '169.254.169.254', '']) {
        expect(official.isOutputHost(other)).toBe(false);
      }
      expect(provider.isOutputHost(new URL(baseUrl).host)).toBe(true);
      expect(provider.isOutputHost(new URL(baseUrl).hostname)).toBe(false);
    });
  });

  describe(`${name} keeps keys to itself`, () => {
    let echo: Server | undefined;

    afterEach(() => {
      echo?.closeAllConnections();
      echo?.close();
    });

    it.each([400, 401, 500, 200])('hides the key when the provider echoes it with status %d', async (status) => {
      echo = createServer((request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ message: 'echo', detail: request.rawHeaders, error: request.rawHeaders }));
      });
      const port = await listen(echo);
      const target = fixtures.create({ apiKey, baseUrl: `http://127.0.0.1:${port}` });
      const result = await target.submit(order('').request);
      expect(['rejected', 'unknown']).toContain(result.kind);
      expect(JSON.stringify(result)).not.toContain(apiKey);
    });
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // a TCP server has a port
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
