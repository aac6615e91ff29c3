import { expect, it } from 'vitest';
import { answered, failed, parseRetryAfter } from './exchange.ts';
import { codeOfStatus, judgeKey } from './judge-exchange.ts';
import { ProviderUnreachable } from './provider.ts';

const nowMs = Date.parse('2026-11-01T12:00:00Z');

it.each([
  ['7', 7_000],
  ['0.5', 500],
  ['Sun, 01 Nov 2026 12:00:20 GMT', 20_000],
  ['Sun, 01 Nov 2026 11:00:00 GMT', 0],
  ['999999999', 3_600_000],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
])('reads Retry-After %j as %s ms', (header, waitMs) => {
  expect(parseRetryAfter(header, nowMs)).toBe(waitMs);
});

it.each([408, 409, 425, 500, 502, 504, 529, 200, 302])(
  'never takes status %d for proof that nothing was bought',
  (status) => {
    expect(codeOfStatus(status)).toBeNull();
  },
);

it.each([400, 401, 402, 403, 404, 413, 422, 429, 503])(
  'takes status %d for proof that nothing was bought',
  (status) => {
    expect(codeOfStatus(status)).not.toBeNull();
  },
);

it.each([401, 403])('takes status %d of a free request for a refusal of the key', (status) => {
  const exchange = answered({ status, text: 'no such key', retryAfter: null }, 'sk-secret');
  expect(judgeKey(exchange)).toEqual({ isValid: false, detail: `HTTP ${status} no such key` });
});

it.each([302, 400, 402, 404, 429, 500, 503])(
  'takes status %d of a free request for no verdict on the key',
  (status) => {
    const exchange = answered({ status, text: '', retryAfter: '2' }, 'sk-secret');
    expect(() => judgeKey(exchange)).toThrow(ProviderUnreachable);
    expect(() => judgeKey({ kind: 'lost', detail: 'reset' })).toThrow('reset');
  },
);

it('takes the key out of answers and errors', () => {
  const exchange = answered({ status: 401, text: '{"detail":"bad key sk-secret"}', retryAfter: null }, 'sk-secret');
  expect(exchange).toMatchObject({ body: { detail: 'bad key [key]' }, excerpt: '{"detail":"bad key [key]"}' });
  const error = new TypeError('fetch failed', { cause: new Error('header "sk-secret" is not valid') });
  expect(failed(error, 'sk-secret')).toEqual({ kind: 'lost', detail: 'fetch failed: header "[key]" is not valid' });
});

it('takes an error for never sent only when the connection itself failed', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' });
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' });
  expect(failed(new Error('outer', { cause: refused }), '').kind).toBe('not_sent');
  expect(failed(new AggregateError([refused, refused]), '').kind).toBe('not_sent');
  expect(failed(new AggregateError([refused, reset]), '').kind).toBe('lost');
  expect(failed(new Error('outer', { cause: reset }), '').kind).toBe('lost');
  expect(failed('odd', '').kind).toBe('lost');
});
