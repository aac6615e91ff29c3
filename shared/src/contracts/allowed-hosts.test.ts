import { expect, it } from 'vitest';
import { isAllowedHost } from './allowed-hosts.ts';

const patterns = ['*.endpoints.huggingface.cloud', 'llm.example.com', 'LLM.example.com:8443'];

it.each([
  'https://abc.us-east-1.aws.endpoints.huggingface.cloud/v1',
  'https://ABC.endpoints.huggingface.cloud',
  'https://llm.example.com/v1/',
  'https://llm.example.com:443/v1',
  'https://llm.example.com:8443/v1',
])('allows %s', (url) => {
  expect(isAllowedHost(url, patterns)).toBe(true);
});

it.each([
  ['plain http', 'http://abc.endpoints.huggingface.cloud/v1'],
  ['the bare suffix', 'https://endpoints.huggingface.cloud/v1'],
  ['a name that only ends alike', 'https://evilendpoints.huggingface.cloud/v1'],
  ['a suffix in the middle', 'https://abc.endpoints.huggingface.cloud.evil.com/v1'],
  ['another port', 'https://abc.endpoints.huggingface.cloud:8443/v1'],
  ['a name below one that stands alone', 'https://a.llm.example.com/v1'],
  ['credentials', 'https://llm.example.com@evil.com/v1'],
  ['credentials for an allowed host', 'https://user:pass@llm.example.com/v1'],
  ['a query, which would swallow the path', 'https://llm.example.com/v1?x='],
  ['a fragment', 'https://llm.example.com/v1#x'],
  ['an address', 'https://127.0.0.1/v1'],
  ['the metadata service', 'https://169.254.169.254/latest'],
  ['another scheme', 'ftp://llm.example.com/v1'],
  ['no URL', 'llm.example.com'],
  ['nothing', ''],
])('refuses %s', (_, url) => {
  expect(isAllowedHost(url, patterns)).toBe(false);
});

it('allows the operator’s own address by scheme, host and port, whatever the patterns say', () => {
  const own = 'http://10.0.0.5:8080/v1';
  expect(isAllowedHost('http://10.0.0.5:8080/v1', [], own)).toBe(true);
  for (const other of ['https://10.0.0.5:8080/v1', 'http://10.0.0.5/v1', 'http://10.0.0.6:8080/v1', 'data:,x']) {
    expect(isAllowedHost(other, [], own)).toBe(false);
  }
});

it('lets no pattern allow everything', () => {
  for (const pattern of ['*', '*.', '']) expect(isAllowedHost('https://evil.com/v1', [pattern])).toBe(false);
});
