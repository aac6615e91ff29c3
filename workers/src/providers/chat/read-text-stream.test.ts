import { APIError } from 'openai';
import { expect, it } from 'vitest';
import { statusOfError, translateError } from '../openai/translate-error.ts';
import type { SubmitRequest } from '../provider.ts';
import { readTextStream, type TextEvent } from './read-text-stream.ts';

const key = 'sk-that-nobody-may-see';

/** Reads these events; an error among them is thrown. */
function read(
  events: (TextEvent | Error)[],
  { timeoutMs = 5_000, end }: { timeoutMs?: number; end?: Promise<void> } = {},
) {
  const pieces: string[] = [];
  const request: SubmitRequest = {
    model: 'any',
    input: {},
    requestId: 'stream',
    secondsLeft: 600,
    signal: AbortSignal.timeout(10_000),
    onText: (delta) => pieces.push(delta),
  };
  async function* stream(signal: AbortSignal) {
    for (const event of events) {
      if (event instanceof Error) throw event;
      yield event;
    }
    // As the SDK does, which ends an aborted stream without a word.
    if (end) await Promise.race([end, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
  }
  const result = readTextStream(request, {
    apiKey: key,
    timeoutMs,
    open: async ({ signal }) => stream(signal),
    read: (event) => event as TextEvent, // these are events already
    translateError,
    statusOfError,
  });
  return result.then((value) => ({ value, pieces }));
}

const usage = { tokensIn: 3, tokensOut: 2 };
const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' });
const text = (content: string, finishReason: string, given: typeof usage | null = null) => ({
  kind: 'done',
  output: { files: [], text: { content, finishReason, usage: given } },
});

it('gives the text that was told piece by piece, with its end and tokens', async () => {
  const { value, pieces } = await read([
    { delta: 'A ' },
    {},
    { delta: 'mill' },
    { finish: 'stop' },
    { usage, costUsd: '0.000001' },
  ]);
  expect(pieces).toEqual(['A ', 'mill']);
  expect(value).toEqual({ kind: 'done', output: { ...text('A mill', 'stop', usage).output, costUsd: '0.000001' } });
});

const broken: [string, (TextEvent | Error)[], unknown][] = [
  ['a reset', [{ delta: 'A' }, reset()], text('A', 'interrupted')],
  ['an end without a word', [{ delta: 'A' }], text('A', 'interrupted')],
  ['an error event', [{ delta: 'A' }, { error: { code: 'server_error' } }, { delta: 'B' }], text('A', 'interrupted')],
  ['garbled data', [{ delta: 'A' }, new SyntaxError('no JSON')], text('A', 'interrupted')],
  ['a reset after the end, before the tokens', [{ delta: 'A' }, { finish: 'length' }, reset()], text('A', 'length')],
];

it.each(broken)('keeps what came before %s', async (_, events, expected) => {
  expect((await read(events)).value).toEqual(expected);
});

it.each([
  ['a reset', [reset()]],
  ['an end without a word', [{}]],
  ['an end that says it is one', [{ finish: 'stop' } as const, { usage }]],
  ['a failure of the server', [{ error: { code: 'server_error', message: 'sorry' }, isFailed: true }]],
  [
    'an error that only a connection has',
    [Object.assign(new Error('late'), { code: 'ECONNREFUSED', syscall: 'connect' })],
  ],
])('does not know what was bought after %s and no text', async (_, events) => {
  expect((await read(events)).value).toMatchObject({ kind: 'unknown' });
});

it('does not give half of an answer that the provider declares failed', async () => {
  const { value } = await read([{ delta: 'A' }, { error: { code: 'rate_limit_exceeded' }, isFailed: true }]);
  expect(value).toMatchObject({ kind: 'unknown' });
});

it.each([
  [{ code: 'rate_limit_exceeded' }, 'provider_rate_limited'],
  [{ code: 'insufficient_quota' }, 'provider_billing'],
  [{ code: 'invalid_prompt' }, 'content_refused'],
])('reads the error event %j before any text as the refusal that it is', async (error, code) => {
  expect((await read([{ error, isFailed: true }])).value).toMatchObject({ kind: 'rejected', failure: { code } });
  const thrown = new APIError(undefined, error, undefined, undefined);
  expect((await read([thrown])).value).toMatchObject({ kind: 'rejected', failure: { code } });
});

it.each([
  ['in words', [{ refusal: `I cannot ` }, { refusal: `help with ${key}.` }, { finish: 'stop' } as const]],
  ['by the filter', [{ finish: 'content_filter' } as const]],
])('reports a refusal %s', async (_, events) => {
  const { value } = await read(events);
  expect(value).toMatchObject({ kind: 'rejected', failure: { code: 'content_refused' } });
  expect(JSON.stringify(value)).not.toContain(key);
});

it('gives up on silence, and keeps what had come', async () => {
  const never = new Promise<void>(() => undefined);
  expect((await read([{ delta: 'A' }], { timeoutMs: 50, end: never })).value).toEqual(text('A', 'interrupted'));
  expect((await read([{}], { timeoutMs: 50, end: never })).value).toMatchObject({
    kind: 'unknown',
    detail: 'silent for 50 ms',
  });
});

it('keeps no more than any model writes', async () => {
  const { value } = await read(Array.from({ length: 50 }, () => ({ delta: 'x'.repeat(100_000) })));
  expect(value).toMatchObject(text(expect.stringMatching(/^x{2000001,2100000}$/), 'interrupted'));
});
