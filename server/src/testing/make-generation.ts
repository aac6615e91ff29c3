import { expect, inject, vi } from 'vitest';
import type { TestTenant } from './make-tenant.ts';
import { callApi } from './start-api.ts';

/** One generated picture, made as customers make it: a job through the stack's API, worker and sandbox. Gives its id. */
export async function makeGeneration(
  tenant: TestTenant,
  options: { prompt?: string; model?: string; fields?: Record<string, unknown> } = {},
): Promise<string> {
  const { prompt = 'a kite', model = 'replicate/flux-schnell', fields } = options;
  const { token } = tenant;
  const call = (method: string, path: string, body?: unknown) =>
    callApi(inject('stack').api_url, method, `/api/v1${path}`, { token, ...(body === undefined ? {} : { body }) });
  const made = await call('POST', '/jobs', { model, input: { prompt } });
  expect(made.status, made.text).toBe(202);
  const readJob = async () => (await call('GET', `/jobs/${made.body.id}`)).body;
  const patience = { timeout: 30_000, interval: 100 };
  await vi.waitFor(async () => expect((await readJob()).status).toBe('completed'), patience);
  const [id = ''] = (await readJob()).generation_ids as string[]; // the job's declared shape
  if (fields !== undefined) expect((await call('PATCH', `/generations/${id}`, fields)).status).toBe(200);
  return id;
}
