import type * as z from 'zod';
import { type Config, envSchema } from './env-schema.ts';

export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads the environment once and freezes it. An empty value means "not set".
 * @throws ConfigError naming every variable that is missing or wrong, not only the first.
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = envSchema.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigError(
    `The environment is not complete (see .env.example):\n${problems.join('\n')}\n${hint(parsed.error)}`,
  );
}

function hint(error: z.ZodError): string {
  const missing = error.issues.filter((issue) => issue.code === 'invalid_type').length;
  return `${error.issues.length} problem(s), ${missing} of them missing values.`;
}

/**
 * Only the database, for the migration command, which runs where nothing else is configured yet.
 * @throws ConfigError when it is missing.
 */
export function readDatabaseUrl(environment: NodeJS.ProcessEnv = process.env): string {
  const parsed = envSchema.shape.DATABASE_URL.safeParse(environment.DATABASE_URL);
  if (parsed.success) return parsed.data;
  throw new ConfigError('DATABASE_URL is missing: set it, or pass --database-url postgres://…');
}
