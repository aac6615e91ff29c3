import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allDirect, bodyOf, type DirectName, directPosts, speeches, texts } from './testing/direct-posts.ts';
import { readEvents } from './testing/read-events.ts';
import { startTestSandbox, type TestSandbox, until } from './testing/test-sandbox.ts';

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

const keys = { authorization: 'Bearer key-of-tests', 'xi-api-key': 'key-of-tests' };

const post = (name: DirectName, prompt: string, signal?: AbortSignal) =>
  sandbox.call(directPosts[name].path, {
    body: bodyOf(name, prompt, false),
    headers: keys,
    ...(signal && { signal }),
  });

interface BookedCall {
  task_id: string;
  status_code: number | null;
  accepted: boolean;
  billed: boolean;
  tokens_out: number | null;
}

async function bookedCalls(prompt: string): Promise<BookedCall[]> {
  const { text } = await sandbox.call(`/_sandbox/calls?prompt_contains=${encodeURIComponent(prompt)}`);
  return JSON.parse(text).data;
}

async function bookedCall(prompt: string): Promise<BookedCall> {
  const [call, ...others] = await bookedCalls(prompt);
  if (!call || others.length > 0) throw new Error(`not exactly one call with ${prompt}`);
  return call;
}

/** Sends a call and leaves as soon as it has arrived; gives what became of it. */
async function postAndLeave(name: DirectName, prompt: string): Promise<{ status: number } | 'broken'> {
  const leaving = new AbortController();
  const answer = post(name, prompt, leaving.signal).catch(() => 'broken' as const);
  await until(
    () => bookedCalls(prompt),
    (calls) => calls.length > 0,
  );
  leaving.abort();
  return answer;
}

/** What arrives of an answer until it is over, breaks off, or is enough. */
async function read(
  name: DirectName,
  prompt: string,
  isStreamed: boolean,
  isEnough: (text: string) => boolean = () => false,
) {
  const leaving = new AbortController();
  const decoder = new TextDecoder();
  let text = '';
  try {
    const response = await fetch(sandbox.url + directPosts[name].path, {
      method: 'POST',
      headers: { ...keys, 'content-type': 'application/json' },
      body: JSON.stringify(bodyOf(name, prompt, isStreamed)),
      signal: leaving.signal,
    });
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (isEnough(text)) leaving.abort();
    }
    return { text, isBroken: false };
  } catch {
    return { text, isBroken: true };
  }
}

function deltasOf(text: string): string[] {
  return readEvents(text)
    .map(({ data }) => (data.type === 'response.output_text.delta' ? data.delta : data.choices?.[0]?.delta?.content))
    .filter((delta): delta is string => delta !== undefined && delta !== '');
}

describe.each(allDirect)('%s, before anything is accepted', (name) => {
  test.each(['401', '402', '429', '500', '503', '529'])('fault=%s is refused and costs nothing', async (fault) => {
    const prompt = promptWith(`fault=${fault}`);
    const { status, json } = await post(name, prompt);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(json).toEqual(expect.any(Object));
    expect(await bookedCall(prompt)).toMatchObject({
      accepted: false,
      billed: false,
      tokens_in: null,
      status_code: status,
    });
  });

  test('fault=refused is an answer of the client’s own making and costs nothing', async () => {
    const prompt = promptWith('fault=refused');
    expect([400, 403]).toContain((await post(name, prompt)).status);
    expect(await bookedCall(prompt)).toMatchObject({ accepted: false, billed: false });
  });
});

describe.each(allDirect)('%s, once accepted', (name) => {
  test.each(['500_after', 'reset_after', 'timeout_after', 'never_ends'])('fault=%s is charged for', async (fault) => {
    const prompt = promptWith(`fault=${fault}`);
    if (fault === '500_after') expect((await post(name, prompt)).status).toBe(500);
    else expect(await postAndLeave(name, prompt)).toBe('broken');
    expect(await bookedCall(prompt)).toMatchObject({ accepted: true, billed: true });
  });

  test.each(['task_failed', 'canceled'])('fault=%s is a server error that costs nothing', async (fault) => {
    const prompt = promptWith(`fault=${fault}`);
    expect((await post(name, prompt)).status).toBe(500);
    expect(await bookedCall(prompt)).toMatchObject({ accepted: true, billed: false, tokens_out: null });
  });

  test('fault=cut_stream resets the connection after half of the answer, which is charged for', async () => {
    const prompt = promptWith('fault=cut_stream');
    await expect(post(name, prompt)).rejects.toThrow();
    expect(await bookedCall(prompt)).toMatchObject({ accepted: true, billed: true, status_code: 200 });
  });

  test('fault=slow_output drips', async () => {
    const prompt = promptWith('fault=slow_output');
    const { text, isBroken } = await read(name, prompt, false, (arrived) => arrived !== '');
    expect(isBroken).toBe(true);
    expect(text.length).toBeLessThan(2_000);
  });

  test('fault=huge_output answers more than 100 MB', async () => {
    const { text } = await post(name, promptWith('fault=huge_output'));
    expect(text.length).toBeGreaterThan(100 * 1024 * 1024);
  });
});

describe.each(speeches)('%s, the sound', (name) => {
  test('fault=not_an_image is HTML under the type of sound', async () => {
    const { text, headers } = await post(name, promptWith('fault=not_an_image'));
    expect(headers.get('content-type')).toBe('audio/mpeg');
    expect(text).toContain('<html>');
  });

  test('fault=empty_output is nothing, fault=malformed less than a frame; both are charged for', async () => {
    const empty = promptWith('fault=empty_output');
    expect(await post(name, empty)).toMatchObject({ status: 200, text: '' });
    expect((await bookedCall(empty)).billed).toBe(true);
    const broken = promptWith('fault=malformed');
    expect((await post(name, broken)).headers.get('content-length')).toBe('41');
    expect((await bookedCall(broken)).billed).toBe(true);
  });
});

describe.each(texts)('%s, answered whole', (name) => {
  test('fault=malformed is JSON cut off', async () => {
    const prompt = promptWith('fault=malformed');
    expect(await post(name, prompt)).toMatchObject({ status: 200, json: null, text: expect.stringMatching(/^\{/) });
    expect((await bookedCall(prompt)).billed).toBe(true);
  });

  test('fault=empty_output costs the prompt alone', async () => {
    const prompt = promptWith('fault=empty_output');
    expect((await post(name, prompt)).status).toBe(200);
    expect(await bookedCall(prompt)).toMatchObject({ billed: true, tokens_out: 0 });
  });

  test('fault=not_an_image writes a page, whatever was asked for', async () => {
    expect((await post(name, promptWith('fault=not_an_image'))).text).toContain('<html>');
  });

  test('fault=no_usage does not say what it counted', async () => {
    const prompt = promptWith('fault=no_usage');
    expect((await post(name, prompt)).text).not.toContain('usage');
    expect(await bookedCall(prompt)).toMatchObject({ billed: true, tokens_out: expect.any(Number) });
  });
});

describe.each(texts)('%s, streamed', (name) => {
  const half = 'tokens=200';

  test('fault=cut_stream resets the connection after half of the deltas, and all are charged for', async () => {
    const whole = deltasOf((await read(name, promptWith(half), true)).text);
    const prompt = promptWith(`${half}, fault=cut_stream`);
    const { text, isBroken } = await read(name, prompt, true);
    expect(isBroken).toBe(true);
    // What the client has not read when the reset comes is gone.
    expect(deltasOf(text).length).toBeGreaterThan(0);
    expect(deltasOf(text).length).toBeLessThanOrEqual(Math.ceil(whole.length / 2));
    expect(await bookedCall(prompt)).toMatchObject({ accepted: true, billed: true, tokens_out: 200 });
  });

  test('fault=stream_error ends half-way with an error, and what was written is charged for', async () => {
    const prompt = promptWith(`${half}, fault=stream_error`);
    const { text, isBroken } = await read(name, prompt, true);
    expect(isBroken).toBe(false);
    const last = readEvents(text).at(-1)?.data;
    expect(last?.type === 'error' || last?.error !== undefined).toBe(true);
    expect(text).not.toContain('[DONE]');
    const written = Array.from(deltasOf(text).join('')).length;
    expect(await bookedCall(prompt)).toMatchObject({ billed: true, tokens_out: Math.ceil(written / 4) });
  });

  test('fault=no_usage ends properly, but without usage', async () => {
    const { text } = await read(name, promptWith('fault=no_usage'), true);
    expect(text).toMatch(name === 'responses' ? /"type":"response\.completed"/ : /data: \[DONE\]\n\n$/);
    expect(readEvents(text).every(({ data }) => !data.usage && !hasUsage(data.response))).toBe(true);
  });

  test('fault=malformed cuts an event off', async () => {
    const prompt = promptWith('fault=malformed');
    const { text } = await read(name, prompt, true);
    expect(readEvents(text).at(-1)?.data).toEqual(expect.any(String));
    expect(text).not.toContain('[DONE]');
    expect((await bookedCall(prompt)).billed).toBe(true);
  });

  test('fault=never_ends falls silent in the middle', async () => {
    const prompt = promptWith(`${half}, fault=never_ends`);
    const { text, isBroken } = await read(name, prompt, true, (arrived) => deltasOf(arrived).length >= 25);
    expect(isBroken).toBe(true);
    expect(deltasOf(text)).toHaveLength(25);
    expect(await bookedCall(prompt)).toMatchObject({ accepted: true, billed: true });
  });

  test('fault=task_failed costs nothing', async () => {
    const prompt = promptWith('fault=task_failed');
    const { text } = await read(name, prompt, true);
    expect(text).toMatch(name === 'responses' ? /"type":"response\.failed"/ : /"error"/);
    expect(await bookedCall(prompt)).toMatchObject({ accepted: true, billed: false });
  });

  test('fault=empty_output ends without a delta', async () => {
    const { text } = await read(name, promptWith('fault=empty_output'), true);
    expect(deltasOf(text)).toEqual([]);
    expect(text).toMatch(name === 'responses' ? /"type":"response\.completed"/ : /"finish_reason":"stop"/);
  });

  test('the latency is that of the whole stream', async () => {
    const startedAt = performance.now();
    await read(name, promptWith('latency=300'), true);
    expect(performance.now() - startedAt).toBeGreaterThan(290);
  });

  test('a client that leaves pays', async () => {
    const prompt = promptWith('latency=60000');
    expect((await read(name, prompt, true, (arrived) => arrived !== '')).isBroken).toBe(true);
    expect(await bookedCall(prompt)).toMatchObject({ accepted: true, billed: true });
  });
});

function hasUsage(response: unknown): boolean {
  return typeof response === 'object' && response !== null && 'usage' in response;
}

test('a cut response can be looked up, and status calls fail on demand', async () => {
  const prompt = promptWith('fault=cut_stream');
  const { text } = await read('responses', prompt, true);
  const { task_id: id } = await bookedCall(prompt);
  const { json } = await sandbox.call(`/openai/v1/responses/${id}`);
  expect(json.status).toBe('completed');
  expect(JSON.stringify(json.output)).toContain(deltasOf(text).join(''));
  const flaky = await post('responses', promptWith('fault=poll_500, times=1'));
  const statuses = [];
  for (let round = 0; round < 2; round += 1) {
    statuses.push((await sandbox.call(`/openai/v1/responses/${flaky.json.id}`)).status);
  }
  expect(statuses).toEqual([500, 200]);
});
