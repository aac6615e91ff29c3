import { createHash } from 'node:crypto';
import { parseWebStream } from 'music-metadata';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askProvider, outcomeOf, type PostName, posts } from './testing/paid-posts.ts';
import { startTestSandbox, type TestSandbox } from './testing/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ latencyMs: 0 });
});
afterAll(() => sandbox.close());

async function outputOf(name: PostName, prompt: string): Promise<string> {
  const post = posts[name];
  const created = await askProvider(sandbox, post.path, { body: post.body(prompt) });
  const { outputs } = await outcomeOf(sandbox, post, created);
  expect(outputs).toHaveLength(1);
  return String(outputs[0]);
}

test('bytes makes a video as long as that, announced, and the same each time', async () => {
  const bytes = 20_000_000;
  const url = await outputOf('replicate hailuo', `long [sandbox: bytes=${bytes}, picture=tiny]`);
  const digests = [];
  for (let round = 0; round < 2; round += 1) {
    const file = await fetch(url);
    expect(file.headers.get('content-length')).toBe(String(bytes));
    const body = Buffer.from(await file.arrayBuffer());
    expect(body).toHaveLength(bytes);
    digests.push(createHash('sha256').update(body).digest('hex'));
  }
  expect(digests[1]).toBe(digests[0]);
});

test('a video of 4 GB is sent without anybody holding it', async () => {
  const url = await outputOf('replicate hailuo', 'huge [sandbox: bytes=4000000000, picture=tiny]');
  const before = process.memoryUsage.rss();
  const file = await fetch(url);
  expect(file.headers.get('content-length')).toBe('4000000000');
  let bytes = 0;
  for await (const chunk of file.body ?? []) {
    bytes += chunk.length;
    if (bytes > 20_000_000) break;
  }
  // Sender and receiver share this process.
  expect(process.memoryUsage.rss() - before).toBeLessThan(500_000_000);
});

test('a padded video reads like one that is not', async () => {
  const url = await outputOf('fal kling standard', 'padded [sandbox: bytes=3000000, picture=tiny]');
  const file = await fetch(url);
  const { format } = await parseWebStream(file.body ?? new ReadableStream(), {
    mimeType: 'video/mp4',
    size: 3_000_000,
  });
  expect(format.trackInfo).toMatchObject([{ duration: 5, video: { pixelWidth: 64, pixelHeight: 64 } }]);
});

test('picture=tiny makes the smallest video', async () => {
  const url = await outputOf('freepik kling pro', 'small [sandbox: picture=tiny]');
  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBeLessThan(16 * 1024);
});

test('slow_output drips a video, padded or not', async () => {
  const url = await outputOf('replicate kling', 'slow [sandbox: fault=slow_output, bytes=3000000]');
  const file = await fetch(url);
  expect(file.headers.get('content-length')).toBe('3000000');
  const reader = file.body?.getReader();
  expect((await reader?.read())?.value?.length).toBeLessThan(100_000);
  await reader?.cancel();
});
