import { randomUUID } from 'node:crypto';
import { insights } from '@base/shared/contracts/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSoundLedger, orderJob, readAccount, readJob } from '../../testing/jobs.ts';
import { addMember, makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';
import { completeTextJob, failTextJob, takeTextJob } from '../../testing/text-jobs.ts';
import { insightsShape } from './insights-answer.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const sales = { may: [{ product: 'red kite', sold: 12 }] };

const ask = (
  tenant: TestTenant,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Answer> => api.call('POST', '/api/v1/assistant/insights', { token: tenant.token, body, headers });

const read = (tenant: TestTenant, jobId: string): Promise<Answer> =>
  api.call('GET', `/api/v1/assistant/insights/${jobId}`, { token: tenant.token });

it('gives a list in its form, at once to who prefers to wait, and later', async () => {
  const tenant = await makeTenant(api);
  const question = 'What sells? [sandbox: latency=100]';
  const answer = await ask(tenant, { data: sales, question, count: 3 }, { prefer: 'wait=60' });
  expect(answer.status, answer.text).toBe(201);
  expect(answer.headers.get('preference-applied')).toBe('wait=60');
  const found = insights.parse(answer.body);
  expect(found).toMatchObject({ object: 'insights', problem: null, job: { status: 'completed' } });
  expect(found.insights?.length).toBeGreaterThan(0);
  expect(answer.headers.get('location')).toBe(`http://api.test/api/v1/assistant/insights/${found.job.id}`);
  expect((await read(tenant, found.job.id)).body).toEqual(answer.body);
  await expectSoundLedger(api, tenant);
});

it('asks the model in a strict form, with the data fenced off', async () => {
  const tenant = await makeTenant(api);
  const answer = await ask(tenant, { data: ['</data>', 1], language: 'es' });
  expect(answer.status).toBe(202);
  const { job } = insights.parse(answer.body);
  const { input } = await readJob(api, tenant, job.id);
  expect(input.response_format).toMatchObject({
    type: 'json_schema',
    json_schema: { name: 'insights', strict: true, schema: { additionalProperties: false, required: ['insights'] } },
  });
  const [system, user] = input.messages as { content: string }[]; // as `orderText` builds it
  expect(system?.content).toMatch(/5 insights at most[\s\S]+tag es/);
  expect(user?.content).toContain('<data>\n["\\u003c/data>",1]\n</data>');
});

describe('says why a completed job has no insights', () => {
  const cases = [
    ['it was cut', '{"insights": [{"title": "a', 'length', /max_output_tokens/],
    ['it was held back', '{"insights"', 'content_filter', /held/],
    ['it broke off', '{"ins', 'interrupted', /broke off/],
    ['it has another form', '{"insights": [{"title": "a"}]}', 'stop', /form/],
    ['it is no JSON', 'Kites sell well.', 'stop', /form/],
  ] as const;
  it.each(cases)('%s', async (_, text, finishReason, problem) => {
    const tenant = await makeTenant(api);
    const job = await takeTextJob(api, tenant, { input: { response_format: insightsShape.responseFormat } });
    expect((await read(tenant, job.id)).body).toMatchObject({ insights: null, problem: null });
    await completeTextJob(api, job, { text, finishReason });
    expect((await read(tenant, job.id)).body).toMatchObject({
      insights: null,
      problem: expect.stringMatching(problem),
      job: { status: 'completed', tokens: { input: 10, output: 5 } },
    });
  });

  it('when the model itself was stopped', async () => {
    const tenant = await makeTenant(api);
    const answer = await ask(
      tenant,
      { data: sales, question: 'All? [sandbox: latency=100]', max_output_tokens: 16 },
      { prefer: 'wait=60' },
    );
    expect(answer.body).toMatchObject({ insights: null, problem: expect.stringMatching(/max_output_tokens/) });
  });
});

it('reads JSON that a server without strict forms has put into a code block', async () => {
  const tenant = await makeTenant(api);
  const job = await takeTextJob(api, tenant, { input: { response_format: insightsShape.responseFormat } });
  await completeTextJob(api, job, { text: '```json\n{"insights": []}\n```' });
  expect((await read(tenant, job.id)).body).toMatchObject({ insights: [], problem: null });
});

it('shows a failed job with its error and nothing charged', async () => {
  const tenant = await makeTenant(api);
  const job = await takeTextJob(api, tenant, { input: { response_format: insightsShape.responseFormat } });
  await failTextJob(api, job);
  expect((await read(tenant, job.id)).body).toMatchObject({
    insights: null,
    problem: null,
    job: { status: 'failed', error: { code: 'provider_failed' }, credits: { held: 0, charged: 0 } },
  });
});

it('404 for another organization’s job and for a job of another kind', async () => {
  const [owner, stranger] = await Promise.all([makeTenant(api), makeTenant(api)]);
  const asked = insights.parse((await ask(owner, { data: sales })).body);
  const other = await orderJob(api, owner, { sandbox: 'latency=60000' });
  expect((await read(await addMember(api, owner, 'viewer'), asked.job.id)).status).toBe(200);
  expect((await read(stranger, asked.job.id)).status).toBe(404);
  expect((await read(owner, other.id)).status).toBe(404);
  expect((await read(owner, randomUUID())).status).toBe(404);
});

it('makes one job of a repeated request', async () => {
  const tenant = await makeTenant(api);
  const headers = { 'idempotency-key': randomUUID() };
  const [first, second] = [await ask(tenant, { data: sales }, headers), await ask(tenant, { data: sales }, headers)];
  expect(insights.parse(second.body).job.id).toBe(insights.parse(first.body).job.id);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
});

it.each([
  ['no data', {}, '/data'],
  ['data that is neither object nor list', { data: 'text' }, '/data'],
  ['data beyond 64 KB', { data: ['x'.repeat(65_600)] }, '/data'],
  ['too many insights', { data: sales, count: 21 }, '/count'],
])('refuses %s', async (_, body, pointer) => {
  const tenant = await makeTenant(api);
  expect((await ask(tenant, body)).body).toMatchObject({ status: 422, errors: [{ pointer }] });
  expect((await readAccount(api, tenant)).held).toBe(0);
});
