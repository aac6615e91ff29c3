import { createServer } from 'node:http';
import { createAdmission } from '@base/server/admission/admission';
import { buildApp } from '@base/server/app';
import { buildDeps } from '@base/server/build-deps';
import { endOnSignal } from '@base/server/start/shutdown';
import { loadConfig } from '@base/shared/config/load-config';
import { createLogger } from '@base/shared/log/logger';
import { createNaiveAdmission } from './naive-admission.ts';
import { isApiMode } from './process-modes.ts';

// One API node as in production, but for how it admits: `api-process.ts naive|unbatched|batched`.
const mode = process.argv[2];
if (!isApiMode(mode)) throw new Error(`there is no way to admit called ${mode}`);

const config = loadConfig();
const log = createLogger({ level: config.LOG_LEVEL, process: 'api' });
const built = await buildDeps(config, log);
const { pool, enqueuer, redis } = built.deps;
const naive = mode === 'naive' ? createNaiveAdmission({ pool, redis, prefix: config.QUEUE_PREFIX, log }) : undefined;
const admission =
  mode === 'unbatched'
    ? createAdmission({ pool, enqueuer, batchSizeMax: 1, lanesMax: config.DATABASE_POOL_MAX })
    : (naive ?? built.deps.admission);

const server = createServer({ keepAliveTimeout: 65_000 }, buildApp({ ...built.deps, admission }));
server.listen(config.PORT, config.HOST);
endOnSignal({
  server,
  log,
  limitSeconds: config.SHUTDOWN_SECONDS,
  drain: () => built.drain(),
  async close() {
    await naive?.close();
    await built.close();
  },
});
