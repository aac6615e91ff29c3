import { expect, it } from 'vitest';
import { findLeak } from './find-leak.ts';

const secrecy = { secrets: ['sb_secret_1234'], publicPort: 21_000 };
const leakOf = (text: string) => findLeak(text, secrecy);

it('lets pass what customers may read', () => {
  const job = {
    input: { prompt: 'a cat [sandbox: fault=429]', image_url: 'http://127.0.0.1:9/x' },
    output: { text: 'undici and axios are libraries' },
    error: { code: 'provider_failed', message: 'The provider could not produce a result.' },
    urls: { self: 'http://127.0.0.1:21000/api/v1/jobs/1' },
  };
  expect(leakOf(JSON.stringify(job))).toBeNull();
  expect(leakOf(JSON.stringify({ data: [job], has_more: false }))).toBeNull();
});

it.each([
  ['a secret', '{"detail":"sb_secret_1234"}', 'the secret …1234'],
  ['a secret in what the customer wrote', '{"input":{"prompt":"sb_secret_1234"}}', 'the secret …1234'],
  ['an internal address', '{"detail":"http://127.0.0.1:21001/x"}', '127.0.0.1:21001'],
  ['the words of a driver', '{"detail":"connect ECONNREFUSED"}', 'ECONNREFUSED'],
  ['the words of a provider', '{"error":{"message":"sandbox says no"}}', 'sandbox'],
  ['a stack that is no JSON', 'Error\n    at run (/app/x.ts:3:1)', 'at run (/app/x.ts:3'],
])('finds %s', (_case, text, leak) => {
  expect(leakOf(text)).toBe(leak);
});
