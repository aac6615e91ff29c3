import { randomUUID } from 'node:crypto';
import { generatedCode } from '@base/shared/contracts/text';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectSoundLedger, readAccount, readJob } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../../testing/start-api.ts';
import { completeTextJob, takeTextJob } from '../../testing/text-jobs.ts';
import { codeShape } from './code-answer.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const role = 'senior React developer';
const generate = (tenant: TestTenant, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  api.call('POST', '/api/v1/code/generate', { token: tenant.token, body, headers });
const read = (tenant: TestTenant, jobId: string): Promise<Answer> =>
  api.call('GET', `/api/v1/code/${jobId}`, { token: tenant.token });

it.each(['openai/gpt-6-luna', 'openai-compatible/chat'])(
  '%s writes code and explains it, at once to who prefers to wait, and later',
  async (model) => {
    const tenant = await makeTenant(api);
    const prompt = 'A button that counts. [sandbox: latency=100]';
    const answer = await generate(tenant, { role, prompt, language: 'TypeScript', model }, { prefer: 'wait=60' });
    expect(answer.status, answer.text).toBe(201);
    const written = generatedCode.parse(answer.body);
    expect(written).toMatchObject({ object: 'code', problem: null, job: { status: 'completed', model } });
    for (const text of [written.code, written.explanation, written.language]) expect(text).toMatch(/\w/);
    expect((await read(tenant, written.job.id)).body).toEqual(answer.body);
    await expectSoundLedger(api, tenant);
  },
);

it('tells the model its role, and keeps the job in the project', async () => {
  const tenant = await makeTenant(api);
  const project = randomUUID();
  await api.deps.pool.query(
    `insert into projects (id, organization_id, created_by, name) values ($1, $2, $3, 'Shop')`,
    [project, tenant.organizationId, tenant.userId],
  );
  const answer = await generate(tenant, { role, prompt: 'A button.', language: 'TypeScript', project_id: project });
  expect(answer.status, answer.text).toBe(202);
  const { job, code } = generatedCode.parse(answer.body);
  expect(code).toBeNull();
  expect(answer.headers.get('location')).toBe(`http://api.test/api/v1/code/${job.id}`);
  const { input, project_id } = await readJob(api, tenant, job.id);
  expect(project_id).toBe(project);
  expect(input.messages).toMatchObject([
    { role: 'system', content: expect.stringMatching(/senior React developer.+TypeScript/s) },
    { role: 'user', content: 'A button.' },
  ]);
});

it('says so when the model did not keep to the form', async () => {
  const tenant = await makeTenant(api);
  const job = await takeTextJob(api, tenant, { input: { response_format: codeShape.responseFormat } });
  await completeTextJob(api, job, { text: 'const a = 1;' });
  expect((await read(tenant, job.id)).body).toMatchObject({
    code: null,
    explanation: null,
    language: null,
    problem: expect.stringMatching(/form/),
  });
});

it('404 for another organization’s code', async () => {
  const [owner, stranger] = await Promise.all([makeTenant(api), makeTenant(api)]);
  const job = await takeTextJob(api, owner, { input: { response_format: codeShape.responseFormat } });
  expect((await read(stranger, job.id)).status).toBe(404);
  expect((await read(owner, job.id)).status).toBe(200);
});

it.each([
  ['no role', { prompt: 'x' }, '/role'],
  ['a blank prompt', { role, prompt: ' \n' }, '/prompt'],
  ['a foreign project', { role, prompt: 'x', project_id: randomUUID() }, '/project_id'],
  ['more tokens than the model has', { role, prompt: 'x', max_output_tokens: 100_000_000 }, '/max_output_tokens'],
])('refuses %s', async (_, body, pointer) => {
  const tenant = await makeTenant(api);
  expect((await generate(tenant, body)).body).toMatchObject({ status: 422, errors: [{ pointer }] });
  expect((await readAccount(api, tenant)).held).toBe(0);
});
