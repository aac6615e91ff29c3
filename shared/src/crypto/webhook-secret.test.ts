import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { makeWebhookSecret, signWebhook } from './webhook-secret.ts';

const file = path.resolve(import.meta.dirname, '../../../../shared/vectors/standardwebhooks/vectors.json');
const vectors = z.object({
  known_answers: z.array(
    z.object({
      name: z.string(),
      secret: z.string(),
      id: z.string(),
      timestamp: z.int(),
      payload: z.string(),
      signature: z.string(),
    }),
  ),
});

describe.skipIf(!existsSync(file))('the known answers of Standard Webhooks (skipped without ../shared/vectors)', () => {
  it('come out the same', () => {
    const { known_answers: known } = vectors.parse(JSON.parse(readFileSync(file, 'utf8')));
    expect(known.length).toBeGreaterThan(1);
    for (const { secret, id, timestamp, payload, signature } of known) {
      expect(signWebhook([secret], { id, timestamp, body: payload })).toBe(signature);
      expect(signWebhook([secret], { id, timestamp, body: Buffer.from(payload) })).toBe(signature);
    }
  });
});

it('signs with every secret, in order', () => {
  const [one, two] = [makeWebhookSecret(), makeWebhookSecret()];
  const message = { id: 'msg', timestamp: 1, body: '{}' };
  expect(one).not.toBe(two);
  expect(signWebhook([one, two], message)).toBe(`${signWebhook([one], message)} ${signWebhook([two], message)}`);
});
