import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { makeUnsubscribeToken, readUnsubscribeToken } from './unsubscribe-token.ts';

const secret = 'a signing secret for tests, nothing else';
const userId = randomUUID();
const token = makeUnsubscribeToken(secret, { userId, category: 'notice' });

it('names the person and the kind that it was made for, and needs no escaping in a link', () => {
  expect(readUnsubscribeToken(secret, token)).toEqual({ userId, category: 'notice' });
  expect(encodeURIComponent(token)).toBe(token);
});

it('is worth nothing for another person or kind, under another secret, or cut off', () => {
  const other = makeUnsubscribeToken(secret, { userId: randomUUID(), category: 'job' });
  const [id, category, signature] = token.split('.');
  const [otherId, otherCategory] = other.split('.');
  const forged = [
    [otherId, category, signature].join('.'),
    [id, otherCategory, signature].join('.'),
    [id, 'essential', signature].join('.'),
    token.slice(0, -1),
    `${token}x`,
    '',
  ];
  for (const text of forged) expect(readUnsubscribeToken(secret, text), text).toBeNull();
  expect(readUnsubscribeToken(`${secret}!`, token)).toBeNull();
});
