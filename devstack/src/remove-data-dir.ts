import { rm } from 'node:fs/promises';
import { stopLeftoverPostgres } from './postgres.ts';
import { refugeOf } from './postgres-home.ts';
import { stopLeftoverRedis } from './redis.ts';

/** Stops the servers that a killed run left behind on a data directory. */
export async function stopLeftovers(dataDir: string): Promise<void> {
  await stopLeftoverPostgres(dataDir);
  await stopLeftoverRedis(dataDir);
}

/** Removes a throw-away data directory, with whatever still runs on it and what had to be kept elsewhere. */
export async function removeDataDir(dataDir: string): Promise<void> {
  await stopLeftovers(dataDir);
  for (const dir of [dataDir, refugeOf(dataDir)]) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}
