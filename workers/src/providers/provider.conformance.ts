import { randomUUID } from 'node:crypto';
import { findModelContract } from '@base/shared/contracts/models/model-registry';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectOutput, expectUncertain } from './expect-result.ts';
import {
  type PollResult,
  type Provider,
  ProviderUnreachable,
  type SubmitRequest,
  type SubmitResult,
} from './provider.ts';
import { freePort, type RawServer, serve, serveResets } from './raw-servers.ts';
import { findCalls, readTask } from './sandbox-book.ts';
import { sandboxUrl } from './sandbox-url.ts';

export interface ProviderFixtures {
  /** Builds the provider for the API at `baseUrl`; without callbacks. */
  create(options: { apiKey: string; baseUrl: string; timeoutMs?: number }): Provider;
  /** Path of this provider's API in the sandbox. */
  sandboxPath: string;
  /** The models to run; faults are tried with the first. */
  models: readonly ModelFixture[];
  /** The domain that the provider delivers from; null when outputs come in its answers. */
  outputHost: string | null;
}

export interface ModelFixture {
  /** Without the provider. */
  name: string;
  /** A valid input with `prompt` where the model wants its text. */
  input(prompt: string): Record<string, unknown>;
}

type End = Exclude<SubmitResult, { kind: 'accepted' }> | PollResult;

const apiKey = 'key-that-nobody-may-see-1234';
const limits = { resolutionMax: Number.POSITIVE_INFINITY };

/** The contract of `provider.ts`, for every provider alike, against the sandbox over HTTP. */
export function describeProvider(name: string, fixtures: ProviderFixtures): void {
  const [firstModel] = fixtures.models;
  if (!firstModel) throw new Error(`no model of ${name} to run`);
  // What is optional in the contract is tested where it is offered.
  const offers = fixtures.create({ apiKey, baseUrl: 'http://offers.invalid' });
  const check = () => ({ requestId: 'check-key', signal: AbortSignal.timeout(10_000) });
  let provider: Provider;
  let baseUrl: string;

  beforeAll(() => {
    baseUrl = `${sandboxUrl()}${fixtures.sandboxPath}`;
    provider = fixtures.create({ apiKey, baseUrl });
  });

  /** A submit with a prompt that no other test uses. */
  const order = (directives: string, model: ModelFixture = firstModel) => {
    const mark = randomUUID();
    const contract = findModelContract(`${name}/${model.name}`);
    if (!contract) throw new Error(`no model ${name}/${model.name}`);
    const prompt = `A lighthouse ${mark} [sandbox: latency=40, picture=tiny${directives && `, ${directives}`}]`;
    const pieces: string[] = [];
    const request: SubmitRequest = {
      model: model.name,
      input: contract.complete(contract.input.parse(model.input(prompt)), limits),
      requestId: `req-${mark}`,
      secondsLeft: 600,
      signal: AbortSignal.timeout(30_000),
      onText: (delta) => pieces.push(delta),
    };
    return { request, pieces, calls: () => findCalls(mark) };
  };

  /** Submits and polls until it is over. */
  async function run(target: Provider, request: SubmitRequest) {
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
    it.each(fixtures.models)('makes what was ordered from $name, with one paid call', async (model) => {
      const { request, pieces, calls } = order('', model);
      const { end } = await run(provider, request);
      expect(end).toMatchObject({ kind: 'done' });
      if (end.kind === 'done') expectOutput(provider, end.output, pieces);
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
        expectUncertain(await provider.submit(request));
        expect(await calls()).toHaveLength(1);
      },
    );

    it.each(['timeout', 'timeout_after'])(
      'gives up on fault %s in its own time and calls it unknown',
      async (fault) => {
        const { request, calls } = order(`fault=${fault}`);
        const hasty = fixtures.create({ apiKey, baseUrl, timeoutMs: 300 });
        expectUncertain(await hasty.submit(request));
        expect(await calls()).toHaveLength(1);
      },
    );

    it('calls a paid call unknown when it is aborted on the way', async () => {
      const { request, calls } = order('fault=timeout_after');
      const abort = new AbortController();
      const submitted = provider.submit({ ...request, signal: abort.signal });
      await vi.waitUntil(async () => (await calls()).length > 0, { timeout: 10_000, interval: 20 });
      abort.abort();
      expectUncertain(await submitted);
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
      const find = () => provider.findTasks?.({ ...request, submittedAfter });
      // A list of finished works shows it only once it is made.
      await vi.waitUntil(async () => (await find())?.length, { timeout: 10_000, interval: 20 });
      expect(await find()).toEqual([call?.task_id]);
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

    it.skipIf(fixtures.outputHost === null)('leaves an output at its link, however large it is', async () => {
      const { submitted, end } = await run(provider, order('fault=huge_output').request);
      expect(end).toMatchObject({ kind: 'done', output: { files: [{ kind: 'url' }] } });
      if (submitted.kind === 'accepted') expect(await readTask(submitted.taskId)).toMatchObject({ downloads: 0 });
    });

    it('delivers from its own hosts only', () => {
      const official = fixtures.create({ apiKey, baseUrl: 'https://gateway.example.com' });
      const host = fixtures.outputHost ?? 'gateway.example.com';
      for (const other of [`${host}.example.org`, `x${host}`, 'localhost', '127.0.0.1', '169.254.169.254', '']) {
        expect(official.isOutputHost(other)).toBe(false);
      }
      expect(provider.isOutputHost(new URL(baseUrl).hostname)).toBe(false);
      if (fixtures.outputHost === null) return;
      expect(official.isOutputHost(host)).toBe(true);
      expect(provider.isOutputHost(new URL(baseUrl).host)).toBe(true);
    });

    it('asks for no callbacks when it was not told where to', () => {
      expect(provider.callsBack).toBe(false);
    });
  });

  describe(`${name} uses the key that it was given`, () => {
    it('pays with it', async () => {
      for (const ownKey of ['key-of-one-customer-5678', 'key-of-another-9012']) {
        const { request, calls } = order('');
        await fixtures.create({ apiKey: ownKey, baseUrl }).submit(request);
        expect(await calls()).toMatchObject([{ authorization_hint: ownKey.slice(-4) }]);
      }
    });

    it('says whether the provider accepts it', async () => {
      expect(await provider.checkKey(check())).toEqual({ isValid: true });
      const refused = await fixtures.create({ apiKey: 'invalid', baseUrl }).checkKey(check());
      expect(refused).toEqual({ isValid: false, detail: expect.stringMatching(/./) });
    });

    it('says that nobody can say when the provider cannot be asked', async () => {
      const broken = await serve((_request, response) => response.writeHead(500).end());
      for (const unreachable of ['http://nowhere.invalid', broken.url]) {
        const lost = fixtures.create({ apiKey, baseUrl: unreachable });
        await expect(lost.checkKey(check())).rejects.toThrow(ProviderUnreachable);
      }
      await broken.close();
    });
  });

  describe(`${name} at a server that misbehaves`, () => {
    let server: RawServer | undefined;

    afterEach(() => server?.close());

    it('sends a paid request once, also when the connection is reset after it', async () => {
      server = await serveResets();
      const target = fixtures.create({ apiKey, baseUrl: server.url });
      expect(await target.submit(order('').request)).toMatchObject({ kind: 'unknown' });
      expect(server.requests()).toBe(1);
    });

    it.each([400, 401, 500, 200])('hides the key when it is echoed with status %d', async (status) => {
      server = await serve((request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ message: 'echo', detail: request.rawHeaders, error: request.rawHeaders }));
      });
      const target = fixtures.create({ apiKey, baseUrl: server.url });
      const result = await target.submit(order('').request);
      expect(['rejected', 'unknown']).toContain(result.kind);
      expect(JSON.stringify(result)).not.toContain(apiKey);
      const verdict = await target.checkKey(check()).catch((error: unknown) => String(error));
      expect(JSON.stringify(verdict)).not.toContain(apiKey);
    });
  });
}
