import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function record(): { log: ReturnType<typeof createLogger>; text: () => string } {
  const lines: string[] = [];
  const log = createLogger({ level: 'trace', process: 'test' }, { write: (line) => void lines.push(line) });
  return { log, text: () => lines.join('') };
}

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLXBsYW50ZWQ';
const planted: Record<string, string> = {
  'an API key': 'base_live_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgPLANTED',
  'a provider key': 'sk-proj-PLANTEDplanted1234567890',
  'a token of Replicate': 'r8_PLANTEDplanted1234567890',
  'a key of Freepik': 'FPSXPLANTEDplanted1234567890',
  'a Supabase secret': 'sb_secret_PLANTEDplanted1234567890',
  'a webhook secret': 'whsec_PLANTEDplanted1234567890',
  'a session token': jwt,
  'a bearer header': 'Bearer PLANTED.opaque.token',
  'a password in a URL': 'postgres://user:PLANTED@db.test:5432/app',
};

it.each(Object.entries(planted))('never writes %s, wherever it stands', (_name, secret) => {
  const { log, text } = record();
  const failure = Object.assign(new Error(`failed with ${secret}`), {
    config: { headers: { authorization: secret } },
    detail: `Key (token)=(${secret})`,
    cause: new Error(`because of ${secret}`),
  });
  log.info({ header: secret, nested: { deep: [{ value: secret }] } }, `message with ${secret}`);
  log.error({ err: failure }, 'it failed');
  log.error(failure);
  log.info(`url?key=${secret}&x=1`);
  log.child({ bound: secret }).warn('bound');
  expect(text().toLowerCase()).not.toContain('planted');
  expect(text()).toContain('[secret]');
  for (const line of text().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
});

it('writes type, code, constraint, stack and causes of errors, and none of their other fields', () => {
  const { log, text } = record();
  const cause = Object.assign(new Error('duplicate'), {
    code: '23505',
    constraint: 'users_pkey',
    parameters: ['private'],
  });
  log.error({ err: new TypeError('outer', { cause }) }, 'it failed');
  const { err } = JSON.parse(text());
  expect(err).toMatchObject({ type: 'TypeError', cause: { code: '23505', constraint: 'users_pkey' } });
  expect(text()).not.toContain('private');
});

it('leaves out whole requests and responses', () => {
  const { log, text } = record();
  log.info({ req: { headers: { cookie: 'private' } }, res: { body: 'private' } }, 'request');
  expect(text()).not.toContain('private');
});

it('leaves ordinary text as it is', () => {
  const { log, text } = record();
  log.info(
    { route: '/api-keys/:id', url: 'https://docs.test/a:b@c', task: 'risk-free' },
    'The bearer of this is fine.',
  );
  expect(text()).toContain('/api-keys/:id');
  expect(text()).toContain('risk-free');
});
