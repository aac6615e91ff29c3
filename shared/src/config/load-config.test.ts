import { describe, expect, it } from 'vitest';
import { testMasterKeys } from '../testing/master-keys.ts';
import { loadConfig } from './load-config.ts';

const required = {
  PUBLIC_URL: 'https://api.example.com',
  DATABASE_URL: 'postgres://u:p@db.example.com:5432/base',
  REDIS_URL: 'redis://cache.example.com:6379',
  SUPABASE_URL: 'https://project.supabase.co',
  SUPABASE_PUBLISHABLE_KEY: 'publishable',
  SUPABASE_SECRET_KEY: 'secret',
  URL_SIGNING_SECRET: 'x'.repeat(32),
  MASTER_KEYS: testMasterKeys,
};

describe('loadConfig', () => {
  it('takes defaults for what is not set, and an empty value as not set', () => {
    const config = loadConfig({ ...required, PORT: '', OPENAI_API_KEY: '', CORS_ORIGINS: '' });
    expect(config).toMatchObject({
      PORT: 4000,
      NODE_ENV: 'production',
      CORS_ORIGINS: [],
      WORKER_CONCURRENCY: { '*': 50 },
    });
    expect(config.OPENAI_API_KEY).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('refuses private hosts for webhooks in production, and takes them elsewhere', () => {
    const allowed = { ...required, PRIVATE_HOSTS_ALLOWED: 'localhost, 127.0.0.1' };
    expect(() => loadConfig(allowed)).toThrow(/PRIVATE_HOSTS_ALLOWED/);
    expect(() => loadConfig({ ...allowed, NODE_ENV: 'production' })).toThrow(/PRIVATE_HOSTS_ALLOWED/);
    expect(loadConfig({ ...allowed, NODE_ENV: 'development' }).PRIVATE_HOSTS_ALLOWED).toEqual([
      'localhost',
      '127.0.0.1',
    ]);
  });

  it('names every problem at once, and never a value', () => {
    const attempt = () =>
      loadConfig({
        ...required,
        DATABASE_URL: '',
        REDIS_URL: 'http://secret-host',
        PORT: 'x',
        URL_SIGNING_SECRET: 'too-short',
      });
    expect(attempt).toThrow(/DATABASE_URL[\s\S]*REDIS_URL[\s\S]*URL_SIGNING_SECRET/);
    expect(attempt).toThrow(/PORT/);
    expect(attempt).not.toThrow(/secret-host|too-short/);
  });

  it('reads lists separated by commas', () => {
    const config = loadConfig({ ...required, CORS_ORIGINS: 'https://a.test, https://b.test', WORKER_QUEUES: 'upkeep' });
    expect(config.CORS_ORIGINS).toEqual(['https://a.test', 'https://b.test']);
    expect(config.WORKER_QUEUES).toEqual(['upkeep']);
  });

  it('wants a sender of the right form with a mail server', () => {
    const smtp = { ...required, SMTP_URL: 'smtps://resend:key@smtp.resend.com:465' };
    expect(() => loadConfig(smtp)).toThrow(/MAIL_FROM/);
    expect(() => loadConfig({ ...smtp, MAIL_FROM: 'nobody' })).toThrow(/MAIL_FROM/);
    expect(() => loadConfig({ ...smtp, MAIL_FROM: 'A <a@b.test>\r\nBcc: <c@d.test>' })).toThrow(/MAIL_FROM/);
    expect(loadConfig({ ...smtp, MAIL_FROM: 'BASE <hello@example.com>' }).MAIL_FROM).toBe('BASE <hello@example.com>');
    expect(loadConfig({ ...smtp, MAIL_FROM: 'hello@example.com' }).APP_URL).toBeUndefined();
  });

  it('reads slots per queue, and master keys of the right form only', () => {
    const slots = { 'text-generation': 200, 'webhook-delivery': 500, '*': 20 };
    expect(loadConfig({ ...required, WORKER_CONCURRENCY: 'text-generation=200,20' }).WORKER_CONCURRENCY).toEqual(slots);
    expect(() => loadConfig({ ...required, WORKER_CONCURRENCY: '0' })).toThrow(/from 1 to 2000/);
    expect(() => loadConfig({ ...required, MASTER_KEYS: 'k1:short' })).toThrow(/32 bytes/);
    expect(() => loadConfig({ ...required, MASTER_KEYS: `${testMasterKeys},${testMasterKeys}` })).toThrow(/id twice/);
  });
});
