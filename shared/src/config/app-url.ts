import type { Config } from './env-schema.ts';

/**
 * Where people use BASE with a browser, for links that they follow: APP_URL, else the first of CORS_ORIGINS, else the API's
 * own address. Without a slash at the end.
 */
export function appUrl(config: Pick<Config, 'APP_URL' | 'CORS_ORIGINS' | 'PUBLIC_URL'>): string {
  const origin = config.APP_URL ?? config.CORS_ORIGINS.find((candidate) => /^https?:/.test(candidate));
  return (origin ?? config.PUBLIC_URL).replace(/\/+$/, '');
}
