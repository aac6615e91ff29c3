import { createServer } from 'node:http';
import { ConfigError, loadConfig } from '@base/shared/config/load-config';
import { pendingMigrations } from '@base/shared/db/migrate/run-migrations';
import { createLogger, type Logger } from '@base/shared/log/logger';
import { startMetricsServer } from '@base/shared/metrics/metrics-server';
import { buildApp } from '../app.ts';
import { type BuiltDeps, buildDeps } from '../build-deps.ts';
import { within } from '../http/within.ts';
import { endOnSignal } from './shutdown.ts';

/** A reason not to start that is told in a sentence, without a stack. */
class StartError extends Error {
  override name = 'StartError';
}

async function start(): Promise<void> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, process: 'api' });
  endOnFault(log);
  const built = await buildDeps(config, log).catch(explainStart);
  const { deps } = built;
  await refusePendingMigrations(built);
  await warnOfEviction(built);

  const metricsServer = await startMetricsServer({
    metrics: deps.metrics,
    host: config.HOST,
    port: config.METRICS_PORT,
    isHealthy: () => !deps.draining.aborted,
  });
  const server = createServer(
    // A request's headers and body must be complete in this time; answers, such as event streams, may take longer.
    { requestTimeout: 30_000, headersTimeout: 15_000, keepAliveTimeout: 65_000 },
    buildApp(deps),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.PORT, config.HOST, resolve);
  });
  log.info({ host: config.HOST, port: config.PORT, metrics_port: metricsServer.port }, 'the API is listening');
  endOnSignal({
    server,
    log,
    limitSeconds: config.SHUTDOWN_SECONDS,
    drain: () => built.drain(),
    async close() {
      await metricsServer.close();
      await built.close();
    },
  });
}

/** A fault that nobody caught may have left anything half done; the platform starts a fresh process. */
function endOnFault(log: Logger): void {
  const onFault = (err: unknown): void => {
    log.fatal({ err }, 'a fault that nobody caught');
    process.exit(1);
  };
  process.on('unhandledRejection', onFault);
  process.on('uncaughtException', onFault);
}

function explainStart(cause: unknown): never {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === '42P01') throw new StartError('The database has no tables yet. Run `npm run migrate` first.');
  const message = cause instanceof Error ? cause.message || String(code) : String(cause);
  throw new StartError(`Cannot start: Postgres does not answer as it should (${message}).`, { cause });
}

async function refusePendingMigrations({ deps }: BuiltDeps): Promise<void> {
  const pending = await pendingMigrations(deps.pool);
  if (pending.length === 0) return;
  throw new StartError(
    `The database lacks ${pending.length} migration(s): ${pending.join(', ')}. Run \`npm run migrate\`.`,
  );
}

/** With any policy but noeviction Redis drops queue entries when it is full. They are rebuilt, but late. */
async function warnOfEviction({ deps }: BuiltDeps): Promise<void> {
  const { redis, log } = deps;
  try {
    if (redis.status !== 'ready') await within(3_000, new Promise((resolve) => redis.once('ready', resolve)));
    const info = await within(1_000, redis.info('memory'));
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1] ?? 'unknown';
    if (policy !== 'noeviction') log.warn({ policy }, 'REDIS MAY DROP JOBS: set maxmemory-policy to noeviction');
  } catch (err) {
    // Redis is disposable: the API works without it, and says so in readiness.
    log.warn({ err }, 'REDIS DOES NOT ANSWER: its maxmemory-policy could not be checked; jobs wait until it does');
  }
}

start().catch((error: unknown) => {
  const isPlain = error instanceof ConfigError || error instanceof StartError;
  const listenCode = error instanceof Error && 'code' in error ? error.code : undefined;
  const text = isPlain || listenCode === 'EADDRINUSE' ? (error as Error).message : String(error); // both are Errors
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
