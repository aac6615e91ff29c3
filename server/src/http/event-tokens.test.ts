import { createHmac, randomUUID } from 'node:crypto';
import { createContentLinks } from '@base/shared/crypto/signed-link';
import { ApiError } from '@base/shared/errors/api-error';
import { expect, it } from 'vitest';
import { createEventTokens, type EventTokenGrant } from './event-tokens.ts';

const secret = 'a signing secret for tests, nothing else';
const config = { URL_SIGNING_SECRET: secret };
const grant: EventTokenGrant = { userId: randomUUID(), apiKeyId: randomUUID(), jobId: randomUUID() };
const start = Date.parse('2026-03-01T12:00:00Z');

/** Why the token is refused; null when it is not. */
function refusalOf(token: string, now = start): string | null {
  try {
    createEventTokens(config, () => now).read(token);
    return null;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

it('gives back what it was made for, on any node with the same secret', () => {
  const { token } = createEventTokens(config, () => start).make(grant);
  expect(createEventTokens(config, () => start).read(token)).toEqual(grant);
  const ofPerson = { userId: grant.userId, apiKeyId: null, jobId: null };
  const { read, make } = createEventTokens(config, () => start);
  expect(read(make(ofPerson).token)).toEqual(ofPerson);
});

it('is good for 60 seconds, and not a millisecond more', () => {
  const { token, expiresAt } = createEventTokens(config, () => start).make(grant);
  expect(expiresAt.getTime()).toBe(start + 60_000);
  expect(refusalOf(token, start + 59_999)).toBeNull();
  expect(refusalOf(token, start + 60_000)).toBe('unauthenticated');
});

it('refuses every token with one character changed, left out or added', () => {
  const { token } = createEventTokens(config, () => start).make(grant);
  for (let index = 0; index < token.length; index += 1) {
    const [before, character, after] = [token.slice(0, index), token[index], token.slice(index + 1)];
    for (const other of [character === 'A' ? 'B' : 'A', '', `${character}A`, '.']) {
      if (other !== character) expect(refusalOf(before + other + after), `${index} ${other}`).toBe('unauthenticated');
    }
  }
});

it('refuses what another key has signed, and the secret itself', () => {
  const other = createEventTokens({ URL_SIGNING_SECRET: 'another signing secret, just as long' }, () => start);
  expect(refusalOf(other.make(grant).token)).toBe('unauthenticated');
  const [payload = ''] = createEventTokens(config, () => start)
    .make(grant)
    .token.split('.');
  // As the links to files are signed.
  const signature = createHmac('sha256', secret).update(payload).digest('base64url');
  expect(refusalOf(`${payload}.${signature}`)).toBe('unauthenticated');
  const link = createContentLinks({ PUBLIC_URL: 'http://api.test', ...config }, () => start)(randomUUID());
  expect(refusalOf(`${payload}.${new URL(link).searchParams.get('signature')}`)).toBe('unauthenticated');
});

it.each(['', '.', '..', 'e30.e30', 'e30.', `${'a'.repeat(2_000)}.${'b'.repeat(43)}`, '🪁.🪁'])(
  'refuses %j',
  (token) => {
    expect(refusalOf(token)).toBe('unauthenticated');
  },
);
