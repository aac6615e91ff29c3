import { randomBytes } from 'node:crypto';
import type { Config } from '@base/shared/config/env-schema';
import { loadConfig } from '@base/shared/config/load-config';

export const testSecretKey = 'sb_secret_only-for-this-test';

/** For tests: a whole configuration, of which only what is given leads anywhere. */
export function testConfig(variables: Record<string, string>): Config {
  return loadConfig({
    PUBLIC_URL: 'http://127.0.0.1',
    DATABASE_URL: 'postgres://nowhere.invalid/unused',
    REDIS_URL: 'redis://nowhere.invalid',
    SUPABASE_URL: 'http://nowhere.invalid',
    SUPABASE_PUBLISHABLE_KEY: 'unused',
    SUPABASE_SECRET_KEY: testSecretKey,
    URL_SIGNING_SECRET: randomBytes(32).toString('hex'),
    MASTER_KEYS: `test:${randomBytes(32).toString('base64')}`,
    ...variables,
  });
}
