import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { type Model, silentUrl } from './world.ts';

/** Calls that must succeed, for preparing a run. */
export interface ApiUser {
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T>;
}

/** Limits by the minute are worth waiting for, those by the day are not. */
const waitSecondsMax = 60;

/** Waits where the API says that the limit of the account is used up. */
export function createApiUser(apiUrl: string, token: string): ApiUser {
  const call = async <T>(method: string, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> => {
    const response = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    const waitSeconds = Number(response.headers.get('retry-after') ?? waitSecondsMax + 1);
    if (response.status === 429 && waitSeconds <= waitSecondsMax) {
      await pause(waitSeconds * 1_000);
      return call(method, path, schema, body);
    }
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text.slice(0, 500)}`);
    return schema.parse(JSON.parse(text));
  };
  return {
    get: (path, schema) => call('GET', path, schema),
    post: (path, body, schema) => call('POST', path, schema, body),
  };
}

const models = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      status: z.string(),
      input_schema: z.record(z.string(), z.unknown()).nullable(),
    }),
  ),
});

/** The models whose jobs end soon: pictures and texts. */
export async function listQuickModels(user: ApiUser): Promise<Model[]> {
  const { data } = await user.get('/models', models);
  return data.flatMap(({ id, type, status, input_schema: inputSchema }) =>
    ['image', 'text'].includes(type) && status === 'active' && inputSchema !== null ? [{ id, inputSchema }] : [],
  );
}

const job = z.object({ id: z.string(), status: z.string(), generation_ids: z.array(z.string()) });
const message = z.object({ conversation_id: z.string(), job: z.object({ id: z.string() }) });
const textOrder = z.object({ job: z.object({ id: z.string() }) });
export type MadeJob = z.infer<typeof job>;

const patienceMs = 60_000;

/** Pictures as a customer orders them, made. @throws Error when one fails or takes too long */
export async function makePictures(user: ApiUser, options: { prompt: string; count: number }): Promise<MadeJob[]> {
  const body = { model: 'replicate/flux-schnell', input: { prompt: options.prompt } };
  const ordered = await Promise.all(Array.from({ length: options.count }, () => user.post('/jobs', body, job)));
  return Promise.all(ordered.map(({ id }) => endOfJob(user, id)));
}

/** A conversation with one answered message. */
export async function makeConversation(user: ApiUser, text: string): Promise<{ id: string; jobId: string }> {
  const made = await user.post('/assistant/messages', { message: text }, message);
  await endOfJob(user, made.job.id);
  return { id: made.conversation_id, jobId: made.job.id };
}

/** A text in a checked form, written: code or insights. Gives the id of its job. */
export async function makeText(user: ApiUser, path: string, body: unknown): Promise<string> {
  const made = await user.post(path, body, textOrder);
  await endOfJob(user, made.job.id);
  return made.job.id;
}

const made = z.object({ id: z.string() });

/** An endpoint that is told of nothing. */
export async function makeWebhook(user: ApiUser): Promise<string> {
  const { id } = await user.post('/webhook-endpoints', { url: silentUrl, enabled: false }, made);
  return id;
}

async function endOfJob(user: ApiUser, id: string): Promise<MadeJob> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const found = await user.get(`/jobs/${id}`, job);
    if (found.status === 'completed') return found;
    if (found.status === 'failed' || performance.now() > endMs) {
      throw new Error(`job ${id} is ${found.status} after ${patienceMs / 1000} s at most; is a worker running?`);
    }
    await pause(100);
  }
}
