import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { findCallbackSource } from './callback-sources.ts';

const FAL_JWKS_URL = 'http://127.0.0.1:9/jwks.json';
const file = resolve(import.meta.dirname, '../../../../../shared/vectors/standardwebhooks/vectors.json');
const hasVectors = existsSync(file);
const vectorsSchema = z.object({
  known_answers: z.array(z.object({ secret: z.string(), id: z.string(), payload: z.string() })),
  multi_signature: z.object({ secret: z.string(), id: z.string(), payload: z.string(), template: z.string() }),
});
const now = () => String(Math.floor(Date.now() / 1000));

function signatureOf(key: Buffer, id: string, timestamp: string, payload: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${payload}`).digest('base64')}`;
}

const keyOf = (secret: string) => Buffer.from(secret.replace('whsec_', ''), 'base64');

describe.skipIf(!hasVectors)('the vectors of Standard Webhooks', () => {
  const vectors = hasVectors ? vectorsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;

  it('are right when signed now, and wrong when anything was changed', async () => {
    for (const { secret, id, payload } of vectors?.known_answers ?? []) {
      const source = findCallbackSource('replicate', { REPLICATE_WEBHOOK_SECRET: secret, FAL_JWKS_URL });
      const timestamp = now();
      const signature = signatureOf(keyOf(secret), id, timestamp, payload);
      const check = (changes: Record<string, string>, body = payload) =>
        source?.isRight({ id, timestamp, signature, headers: {}, ...changes }, Buffer.from(body));
      expect(await check({})).toBe(true);
      expect(await check({}, `${payload} `)).toBe(false);
      expect(await check({ id: 'msg_other' })).toBe(false);
      expect(await check({ timestamp: String(Number(timestamp) - 1) })).toBe(false);
      expect(await check({ signature: 'v1,' })).toBe(false);
      expect(await check({ signature: signature.slice(0, 8) })).toBe(false);
      expect(await check({ signature: signature.replace('v1', 'v2') })).toBe(false);
    }
  });

  it('may hold several signatures, of which one is right', async () => {
    const { secret = '', id = '', payload = '', template = '' } = vectors?.multi_signature ?? {};
    const source = findCallbackSource('replicate', { REPLICATE_WEBHOOK_SECRET: secret, FAL_JWKS_URL });
    const timestamp = now();
    const valid = signatureOf(keyOf(secret), id, timestamp, payload);
    const check = (signature: string) =>
      source?.isRight({ id, timestamp, signature, headers: {} }, Buffer.from(payload));
    expect(await check(template.replace('{VALID}', valid))).toBe(true);
    expect(await check(template.replace('{VALID}', 'v1,AAAA'))).toBe(false);
  });
});

it('takes Freepik’s secret as it is', async () => {
  const secret = 'ünlike the standard';
  const source = findCallbackSource('freepik', { FREEPIK_WEBHOOK_SECRET: secret, FAL_JWKS_URL });
  const [id, timestamp, payload] = ['msg_1', now(), '{"task_id":"1"}'];
  const signature = signatureOf(Buffer.from(secret), id, timestamp, payload);
  expect(await source?.isRight({ id, timestamp, signature, headers: {} }, Buffer.from(payload))).toBe(true);
});

it('has no source without a secret, nor for other providers', () => {
  for (const provider of ['replicate', 'freepik', 'openai', '__proto__', 'constructor', '']) {
    expect(findCallbackSource(provider, { FAL_JWKS_URL })).toBeUndefined();
  }
});
