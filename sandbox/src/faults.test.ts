import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askProvider, asynchronous, names, outcomeOf, type PostName, posts, statusPath } from './testing/paid-posts.ts';
import { startTestSandbox, type TestRequest, type TestSandbox } from './testing/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
});
afterAll(() => sandbox.close());

let serial = 0;
/** A prompt that no other test uses, so that the book can be asked for it. */
function promptWith(directives: string): string {
  serial += 1;
  return `prompt ${serial}. [sandbox: ${directives}]`;
}

const ask = (path: string, request?: TestRequest) => askProvider(sandbox, path, request);
const post = (name: PostName, prompt: string, signal?: AbortSignal) =>
  ask(posts[name].path, { body: posts[name].body(prompt), ...(signal && { signal }) });
const outcome = async (name: PostName, prompt: string) => outcomeOf(sandbox, posts[name], await post(name, prompt));

async function calls(prompt: string) {
  const { json } = await sandbox.call(`/_sandbox/calls?prompt_contains=${encodeURIComponent(prompt)}`);
  return json.data;
}

async function taskOf(prompt: string) {
  const [call] = await calls(prompt);
  return (await sandbox.call(`/_sandbox/tasks/${call?.task_id}`)).json;
}

describe.each(names)('%s, before anything is accepted', (name) => {
  const { provider, created } = posts[name];
  test.each([
    ['401', 401],
    // An account without money has a status of its own with some providers only.
    ['402', { replicate: 402, openai: 429, freepik: 402, fal: 403 }[provider]],
    ['429', 429],
    ['500', 500],
    ['503', 503],
  ])('fault=%s answers %i, books the call and charges nothing', async (fault, status) => {
    const prompt = promptWith(`fault=${fault}`);
    const answer = await post(name, prompt);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual(expect.any(Object));
    expect(await calls(prompt)).toMatchObject([{ billed: false, accepted: false, task_id: null, status_code: status }]);
  });

  test('retry_after sets the header, and its absence leaves it out', async () => {
    const told = await post(name, promptWith('fault=429, retry_after=7'));
    expect(told.headers.get('retry-after')).toBe('7');
    expect((await post(name, promptWith('fault=429'))).headers.get('retry-after')).toBeNull();
  });

  test('fault=html answers 200 with a page', async () => {
    const prompt = promptWith('fault=html');
    const answer = await post(name, prompt);
    expect(answer).toMatchObject({ status: 200, json: null });
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect((await calls(prompt))[0]?.accepted).toBe(false);
  });

  test('fault=reset drops the connection', async () => {
    const prompt = promptWith('fault=reset');
    await expect(post(name, prompt)).rejects.toThrow('fetch failed');
    expect(await calls(prompt)).toMatchObject([{ accepted: false, status_code: null }]);
  });

  test('fault=timeout never answers', async () => {
    const prompt = promptWith('fault=timeout');
    await expect(post(name, prompt, AbortSignal.timeout(100))).rejects.toThrow('timeout');
    expect(await calls(prompt)).toMatchObject([{ accepted: false, status_code: null }]);
  });

  test('times=2 strikes twice, then the same prompt works', async () => {
    const prompt = promptWith('fault=503, times=2');
    const seen = [];
    for (let round = 0; round < 4; round += 1) seen.push((await post(name, prompt)).status);
    expect(seen).toEqual([503, 503, created, created]);
    expect((await calls(prompt)).map((call: { billed: boolean }) => call.billed)).toEqual([false, false, true, true]);
  });
});

describe.each(names)('%s, accepted and charged, but not told', (name) => {
  test('fault=500_after answers 500 while the task runs to its end', async () => {
    const prompt = promptWith('fault=500_after');
    expect((await post(name, prompt)).status).toBe(500);
    expect(await calls(prompt)).toMatchObject([{ billed: true, accepted: true, status_code: 500 }]);
    expect((await taskOf(prompt)).status).toBe('succeeded');
  });

  test('fault=reset_after drops the connection', async () => {
    const prompt = promptWith('fault=reset_after');
    await expect(post(name, prompt)).rejects.toThrow('fetch failed');
    expect(await calls(prompt)).toMatchObject([{ billed: true, status_code: null }]);
  });

  test('fault=timeout_after never answers', async () => {
    const prompt = promptWith('fault=timeout_after');
    await expect(post(name, prompt, AbortSignal.timeout(100))).rejects.toThrow('timeout');
    expect(await calls(prompt)).toMatchObject([{ billed: true, status_code: null }]);
  });

  test('fault=malformed answers success with broken JSON', async () => {
    const prompt = promptWith('fault=malformed');
    const answer = await post(name, prompt);
    expect(answer).toMatchObject({ status: posts[name].created, json: null, text: expect.stringMatching(/^\{"/) });
    expect((await calls(prompt))[0]?.billed).toBe(true);
  });
});

describe.each(asynchronous)('%s, trouble with the task', (name) => {
  test.each([
    ['task_failed', 'failed'],
    ['refused', 'failed'],
    ['canceled', 'canceled'],
  ])('fault=%s ends as %s, without outputs and without charge', async (fault, end) => {
    const prompt = promptWith(`fault=${fault}`);
    expect(await outcome(name, prompt)).toMatchObject({ end, outputs: [] });
    expect(await calls(prompt)).toMatchObject([{ accepted: true, billed: false }]);
  });

  test('fault=never_ends stays in progress', async () => {
    const prompt = promptWith('fault=never_ends');
    await post(name, prompt);
    expect((await taskOf(prompt)).status).toBe('processing');
  });

  test('fault=empty_output succeeds without outputs', async () => {
    const prompt = promptWith('fault=empty_output');
    expect(await outcome(name, prompt)).toMatchObject({ end: 'succeeded', outputs: [] });
    expect((await calls(prompt))[0]?.billed).toBe(true);
  });

  test('fault=expired_output succeeds with a link that is gone', async () => {
    const { end, outputs } = await outcome(name, promptWith('fault=expired_output'));
    expect(end).toBe('succeeded');
    expect((await fetch(String(outputs[0]))).status).toBe(posts[name].provider === 'freepik' ? 410 : 404);
  });

  test('fault=not_an_image delivers HTML as a picture or video', async () => {
    const { outputs } = await outcome(name, promptWith('fault=not_an_image'));
    const file = await fetch(String(outputs[0]));
    expect(file.headers.get('content-type')).toMatch(outputs[0]?.endsWith('.mp4') ? /^video\/mp4$/ : /^image\//);
    expect(await file.text()).toContain('<html>');
  });

  test('fault=huge_output: a picture of more than 100 MB that does not say so, a video that announces 3 GB', async () => {
    const { outputs } = await outcome(name, promptWith('fault=huge_output, picture=tiny'));
    const isVideo = outputs[0]?.endsWith('.mp4');
    const file = await fetch(String(outputs[0]));
    expect(file.headers.get('content-length')).toBe(isVideo ? String(3 * 1024 ** 3) : null);
    const enough = isVideo ? 1024 * 1024 : 100 * 1024 * 1024;
    let bytes = 0;
    for await (const chunk of file.body ?? []) {
      bytes += chunk.length;
      if (bytes > enough) break;
    }
    expect(bytes).toBeGreaterThan(enough);
  });

  test('fault=slow_output drips: announced in full, delivered in crumbs', async () => {
    const { outputs } = await outcome(name, promptWith('fault=slow_output'));
    const file = await fetch(String(outputs[0]));
    const announced = Number(file.headers.get('content-length'));
    const reader = file.body?.getReader();
    const first = await reader?.read();
    expect(first?.value?.length).toBeLessThan(announced / 10);
    await reader?.cancel();
  });

  test('fault=poll_500 fails the first status calls only', async () => {
    const created = await post(name, promptWith('fault=poll_500, times=2'));
    const path = statusPath(posts[name], created);
    const seen = [];
    for (let round = 0; round < 3; round += 1) seen.push((await ask(path)).status);
    expect(seen).toEqual([500, 500, 200]);
  });
});

describe('the words of a refusal', () => {
  test('Replicate fails with an NSFW error', async () => {
    const { answer } = await outcome('replicate', promptWith('fault=refused'));
    expect(answer).toMatchObject({ error: expect.stringContaining('NSFW') });
  });

  test('fal answers content_policy_violation', async () => {
    const { answer } = await outcome('fal', promptWith('fault=refused'));
    expect(answer).toMatchObject({ detail: [{ loc: ['body', 'prompt'], type: 'content_policy_violation' }] });
  });

  test('Mystic says has_nsfw', async () => {
    const created = await sandbox.call('/freepik/v1/ai/mystic', { body: { prompt: promptWith('fault=refused') } });
    const { json } = await sandbox.call(`/freepik/v1/ai/mystic/${created.json.data.task_id}`);
    expect(json.data).toMatchObject({ status: 'FAILED', generated: [], has_nsfw: [true] });
  });

  test('OpenAI answers moderation_blocked and charges nothing', async () => {
    const prompt = promptWith('fault=refused');
    const { status, json } = await post('openai', prompt);
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ type: 'image_generation_user_error', code: 'moderation_blocked' });
    expect((await calls(prompt))[0]?.billed).toBe(false);
  });
});

describe('openai, where the answer is the output', () => {
  test('fault=402 is a 429 with insufficient_quota', async () => {
    expect((await post('openai', promptWith('fault=402'))).json.error.code).toBe('insufficient_quota');
  });

  test('fault=task_failed is a server error that costs nothing', async () => {
    const prompt = promptWith('fault=task_failed');
    expect((await post('openai', prompt)).status).toBe(500);
    expect((await calls(prompt))[0]?.billed).toBe(false);
  });

  test('fault=empty_output answers no pictures, fault=not_an_image answers HTML', async () => {
    expect((await post('openai', promptWith('fault=empty_output'))).json.data).toEqual([]);
    const { json } = await post('openai', promptWith('fault=not_an_image'));
    expect(Buffer.from(String(json.data[0]?.b64_json), 'base64').toString()).toContain('<html>');
  });

  test('fault=never_ends never answers, fault=slow_output drips the answer', async () => {
    await expect(post('openai', promptWith('fault=never_ends'), AbortSignal.timeout(100))).rejects.toThrow('timeout');
    await expect(post('openai', promptWith('fault=slow_output'), AbortSignal.timeout(500))).rejects.toThrow('timeout');
  });

  test('fault=huge_output answers more than 100 MB', async () => {
    const { text } = await post('openai', promptWith('fault=huge_output, picture=tiny'));
    expect(text.length).toBeGreaterThan(100 * 1024 * 1024);
  });
});

describe('directives', () => {
  test('the header works like the prompt and wins over it', async () => {
    const { path, body } = posts.freepik;
    const headers = { 'x-sandbox': 'fault=429, retry_after=3' };
    const answer = await sandbox.call(path, { headers, body: body(promptWith('fault=500, retry_after=9')) });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3']);
  });

  test.each(['fault=4299', 'latncy=5', 'latency=soon', 'latency=-1', 'picture=huge', 'bytes=much', 'callback=never'])(
    '%s is refused, so that no test passes by a slip',
    async (directive) => {
      const { status, json } = await post('freepik', promptWith(directive));
      expect(status).toBe(400);
      expect(json.sandbox_error).toEqual(expect.any(String));
    },
  );

  test('each key has its own count of times', async () => {
    const { path, body } = posts.freepik;
    const prompt = promptWith('fault=500, times=1');
    const statusFor = async (key: string) => (await sandbox.call(path, { key, body: body(prompt) })).status;
    expect([await statusFor('k1'), await statusFor('k2'), await statusFor('k1')]).toEqual([500, 500, 200]);
  });

  test('picture=tiny serves one small picture whatever was asked', async () => {
    const first = await post('openai', promptWith('picture=tiny'));
    const second = await post('openai', promptWith('picture=tiny'));
    expect(first.json.data[0]?.b64_json.length).toBeLessThan(8_000);
    expect(second.json.data).toEqual(first.json.data);
  });
});
