import { type TestAnswer, type TestRequest, type TestSandbox, until } from './test-sandbox.ts';

export interface PaidPost {
  provider: 'replicate' | 'openai' | 'freepik' | 'fal';
  path: string;
  body(prompt: string): unknown;
  created: number;
  /** Where Freepik's tasks are asked about, when that is not below `path`. */
  statusPath?: string;
}

const image = 'https://example.com/start.png';
/** Every paid POST of the providers of pictures and videos. */
export const posts = {
  replicate: replicatePost('black-forest-labs/flux-schnell', {}),
  'replicate kling': replicatePost('kwaivgi/kling-v2.1', { start_image: image }),
  'replicate hailuo': replicatePost('minimax/hailuo-2.3', {}),
  openai: {
    provider: 'openai',
    path: '/openai/v1/images/generations',
    body: (prompt) => ({ model: 'gpt-image-2', prompt, size: '256x256', quality: 'low' }),
    created: 200,
  },
  freepik: freepikPost('text-to-image/flux-dev', {}),
  'freepik mystic': freepikPost('mystic', { resolution: '1k' }),
  'freepik flux-pro': freepikPost('text-to-image/flux-pro-v1-1', {}),
  'freepik flux-2-turbo': freepikPost('text-to-image/flux-2-turbo', {}),
  'freepik upscaler': freepikPost('image-upscaler', { image: 'iVBORw0KGgo=' }),
  'freepik kling pro': freepikPost('image-to-video/kling-v2-1-pro', { duration: '5' }, 'image-to-video/kling-v2-1'),
  'freepik kling std': freepikPost('image-to-video/kling-v2-1-std', { duration: '5' }, 'image-to-video/kling-v2-1'),
  'freepik hailuo 768p': freepikPost('image-to-video/minimax-hailuo-02-768p', {}),
  'freepik hailuo 1080p': freepikPost('image-to-video/minimax-hailuo-02-1080p', {}),
  fal: falPost('fal-ai/flux/schnell', {}),
  'fal flux-pro': falPost('fal-ai/flux-pro/v1.1', {}),
  'fal kling standard': falPost('fal-ai/kling-video/v2.1/standard/image-to-video', { image_url: image }),
  'fal kling pro': falPost('fal-ai/kling-video/v2.1/pro/image-to-video', { image_url: image }),
} as const satisfies Record<string, PaidPost>;
export type PostName = keyof typeof posts;
export const names = Object.keys(posts) as PostName[]; // The keys of an object that nobody adds to.
export const asynchronous = names.filter((name) => name !== 'openai');

function replicatePost(model: string, input: object): PaidPost {
  return {
    provider: 'replicate',
    path: `/replicate/v1/models/${model}/predictions`,
    body: (prompt) => ({ input: { ...input, prompt } }),
    created: 201,
  };
}

function freepikPost(model: string, fields: object, status = model): PaidPost {
  return {
    provider: 'freepik',
    path: `/freepik/v1/ai/${model}`,
    statusPath: `/freepik/v1/ai/${status}`,
    body: (prompt) => ({ ...fields, prompt }),
    created: 200,
  };
}

function falPost(endpoint: string, fields: object): PaidPost {
  return { provider: 'fal', path: `/fal/${endpoint}`, body: (prompt) => ({ ...fields, prompt }), created: 200 };
}

/** Sends with the key in the place in which the provider looks for it. */
export function askProvider(sandbox: TestSandbox, path: string, request: TestRequest = {}): Promise<TestAnswer> {
  const headers = path.startsWith('/fal/') ? { authorization: 'Key key-of-tests' } : {};
  return sandbox.call(path, { headers, ...request });
}

/** The path that tells the state of the task in the answer to a create call. */
export function statusPath({ provider, statusPath: path }: PaidPost, created: TestAnswer): string {
  if (provider === 'replicate') return `/replicate/v1/predictions/${created.json.id}`;
  if (provider === 'freepik') return `${path}/${created.json.data.task_id}`;
  return new URL(falFields(created).status_url).pathname;
}

/** How a task ended, its outputs, and what the provider said last. */
export interface Outcome {
  end: 'succeeded' | 'failed' | 'canceled';
  outputs: string[];
  answer: unknown;
}

/** The same for all providers, once they say that the task is over. Throws when the post was not accepted. */
export async function outcomeOf(sandbox: TestSandbox, post: PaidPost, created: TestAnswer): Promise<Outcome> {
  if (created.status !== post.created) throw new Error(`${post.path} answered ${created.status}: ${created.text}`);
  const { provider } = post;
  const path = statusPath(post, created);
  const ask = () => askProvider(sandbox, path);
  if (provider === 'replicate') {
    const { json } = await until(
      ask,
      (answer) => answer.status === 200 && !['starting', 'processing'].includes(answer.json.status),
    );
    return { end: ends[json.status] ?? 'failed', outputs: [json.output ?? []].flat(), answer: json };
  }
  if (provider === 'freepik') {
    const { json } = await until(
      ask,
      (answer) => answer.status === 200 && !['CREATED', 'IN_PROGRESS'].includes(answer.json.data.status),
    );
    return { end: ends[json.data.status] ?? 'failed', outputs: json.data.generated, answer: json.data };
  }
  await until(ask, (answer) => answer.status === 200 && answer.json.status === 'COMPLETED');
  const result = await askProvider(sandbox, path.replace(/\/status$/, ''));
  const { images = [], video } = falFields(result);
  const outputs = [...images, ...(video ? [video] : [])].map((file) => file.url);
  return {
    end: result.status === 200 ? 'succeeded' : result.status === 499 ? 'canceled' : 'failed',
    outputs,
    answer: falFields(result),
  };
}

/** What the providers call the ends. */
const ends: Record<string, Outcome['end']> = {
  succeeded: 'succeeded',
  COMPLETED: 'succeeded',
  canceled: 'canceled',
  CANCELLED: 'canceled',
};

interface FalFields {
  status_url: string;
  images?: { url: string }[];
  video?: { url: string } | null;
}

function falFields({ text }: TestAnswer): FalFields {
  return JSON.parse(text);
}
