import { Redis } from 'ioredis';

/**
 * For requests: fails fast instead of waiting for Redis to come back. Everything sent through it is a hint that is
 * repaired from Postgres.
 */
export function openRequestRedis(
  url: string,
  onError: (error: Error) => void,
  options: { commandTimeoutMs?: number; enableAutoPipelining?: boolean } = {},
): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    enableAutoPipelining: options.enableAutoPipelining ?? false,
    maxRetriesPerRequest: 1,
    commandTimeout: options.commandTimeoutMs ?? 1_500,
    connectTimeout: 1_500,
    retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
  });
  redis.on('error', onError);
  return redis;
}

/** For BullMQ workers and subscribers: waits for Redis to come back, for ever. BullMQ demands exactly this. */
export function openWaitingRedis(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
  });
  redis.on('error', onError);
  return redis;
}
