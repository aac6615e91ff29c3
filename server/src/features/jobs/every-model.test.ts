import type { Job } from '@base/shared/contracts/jobs';
import { modelContracts } from '@base/shared/contracts/models/model-registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endOf, expectSoundLedger, newMarker, paidCalls, readAccount, setBalance } from '../../testing/jobs.ts';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { sampleInput } from '../../testing/sample-input.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';

const credits = 1_000;

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

/** Opens the files as a browser does, and gives what they say they are. */
async function openFiles(job: Job): Promise<void> {
  const files = Array.isArray(job.output) ? job.output : [];
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const link = new URL(file.url);
    const redirect = await fetch(api.url + link.pathname + link.search, { redirect: 'manual' });
    expect(redirect.status).toBe(302);
    const answer = await fetch(redirect.headers.get('location') ?? '');
    expect(answer.status).toBe(200);
    expect((await answer.arrayBuffer()).byteLength).toBe(file.bytes);
    expect(file.content_type.startsWith(`${job.type}/`)).toBe(true);
    if (job.type === 'image') expect(file).toMatchObject({ width: expect.any(Number), height: expect.any(Number) });
    else expect(file.duration_seconds).toBeGreaterThan(0);
  }
}

async function expectResult(job: Job, tenant: TestTenant): Promise<void> {
  if (job.type === 'text') {
    expect(job.output).toMatchObject({ text: expect.stringMatching(/\w/), finish_reason: 'stop' });
    expect(job.tokens).toMatchObject({ input: expect.any(Number), output: expect.any(Number) });
    return;
  }
  await openFiles(job);
  const library = await api.call('GET', '/api/v1/generations', { token: tenant.token });
  expect(library.body.data).toHaveLength(job.generation_ids.length);
}

describe.concurrent('a job of every model to the end', () => {
  it.each(modelContracts.map(({ id }) => id))('%s', { timeout: 90_000 }, async (model) => {
    const tenant = await makeTenant(api, { plan: 'enterprise' });
    await setBalance(api, tenant, credits);
    const marker = newMarker();
    const prompt = `${marker} [sandbox: picture=tiny, latency=60]`;
    const body = { model, input: sampleInput(model, prompt) };
    const estimate = await api.call('POST', '/api/v1/jobs/estimate', { token: tenant.token, body });
    expect(estimate.body, estimate.text).toMatchObject({ may_run: true });
    const admitted = await api.call('POST', '/api/v1/jobs', { token: tenant.token, body });
    expect(admitted.status, admitted.text).toBe(202);
    expect(admitted.body).toMatchObject({ credits: { held: estimate.body.credits, charged: 0 } });

    const job = await endOf(api, tenant, String(admitted.body.id));
    expect(job, JSON.stringify(job.error)).toMatchObject({ status: 'completed', progress: 100, served_by: model });
    await expectResult(job, tenant);
    expect(job.credits.held).toBe(0);
    expect(job.credits.charged).toBeGreaterThan(0);
    expect(job.credits.charged).toBeLessThanOrEqual(Number(estimate.body.credits));
    const balance = credits - job.credits.charged;
    expect(await readAccount(api, tenant)).toEqual({ available: balance, held: 0, balance });
    expect(await paidCalls(marker)).toHaveLength(1);

    const receipt = await api.call('GET', `/api/v1/jobs/${job.id}/receipt`, { token: tenant.token });
    expect(receipt.body, receipt.text).toMatchObject({
      hold: { status: 'captured', captured: job.credits.charged },
      attempts: [{ status: 'succeeded' }],
      transactions: [{ amount: -job.credits.charged }],
    });
    await expectSoundLedger(api, tenant);
  });
});
