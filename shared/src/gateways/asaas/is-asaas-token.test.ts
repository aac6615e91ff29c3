import { expect, it } from 'vitest';
import { isAsaasToken } from './is-asaas-token.ts';

const token = 'test-asaas-webhook-token-0123456789abcdef';

it('lets in the token that was agreed on', () => {
  expect(isAsaasToken(token, token)).toBe(true);
});

it.each([
  ['another token', token, `${token.slice(0, -1)}0`],
  ['a longer one', token, `${token}0`],
  ['a shorter one', token, token.slice(0, -1)],
  ['none', token, undefined],
  ['an empty one', token, ''],
  ['anything while none is agreed on', undefined, token],
  ['nothing while none is agreed on', undefined, undefined],
  ['an empty one while an empty one is agreed on', '', ''],
])('keeps out %s', (_what, expected, given) => {
  expect(isAsaasToken(expected, given)).toBe(false);
});
