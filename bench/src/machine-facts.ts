import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BenchStack } from './bench-stack.ts';
import { percentile } from './statistics.ts';

export interface MachineFacts {
  cpu: string;
  cores: number;
  memoryGib: number;
  system: string;
  node: string;
  postgres: string;
  postgresSettings: Record<string, string>;
  redis: string;
  /** Median time of one fdatasync where the data lies, in microseconds: what a commit waits for at least. */
  flushUs: number;
  loadAverage: number;
}

/** Figures of a benchmark mean nothing without the machine they come from. */
export async function readMachineFacts({ database, redis, dataDir }: BenchStack): Promise<MachineFacts> {
  const loadAverage = os.loadavg()[0] ?? 0;
  const { rows } = await database.pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
     where name in ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'max_wal_size', 'shared_buffers')`,
  );
  const { server_version: postgres = 'unknown', ...postgresSettings } = Object.fromEntries(
    rows.map(({ name, setting }) => [name, setting]),
  );
  const redisInfo = await redis.info('server');
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGib: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    postgres,
    postgresSettings,
    redis: /redis_version:(\S+)/.exec(redisInfo)?.[1] ?? 'unknown',
    flushUs: measureFlush(path.join(dataDir, 'flush-probe')),
    loadAverage,
  };
}

function measureFlush(file: string): number {
  const handle = openSync(file, 'w');
  const page = Buffer.alloc(8_192, 1);
  const times: number[] = [];
  for (let round = 0; round < 100; round += 1) {
    const startedAt = performance.now();
    writeSync(handle, page, 0, page.length, 0);
    fdatasyncSync(handle);
    times.push((performance.now() - startedAt) * 1000);
  }
  closeSync(handle);
  rmSync(file);
  return percentile(times, 0.5);
}
