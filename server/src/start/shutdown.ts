import type { Server } from 'node:http';
import type { Logger } from '@base/shared/log/logger';

/**
 * Ends the process in order on SIGTERM or SIGINT: readiness says no and event streams are told, no new connections are
 * taken, requests under way finish, pools close, exit 0. What has not finished by the limit is cut off: every step is
 * safe to lose. A second signal cuts at once.
 */
export function endOnSignal(options: {
  server: Server;
  log: Logger;
  limitSeconds: number;
  drain: () => void;
  close: () => Promise<void>;
}): void {
  const { server, log, limitSeconds, drain, close } = options;
  let ending = false;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    log.info({ signal, limit_seconds: limitSeconds }, 'ending: finishing what is under way');
    const cut = setTimeout(() => {
      log.warn('time is up: cutting what is still under way');
      server.closeAllConnections();
    }, limitSeconds * 1000);
    drain();
    await closeServer(server);
    clearTimeout(cut);
    // The pools get a little longer than the limit, never more: the platform kills next.
    const hung = setTimeout(() => process.exit(1), 3_000);
    await close();
    clearTimeout(hung);
    log.info('ended');
    log.flush(() => process.exit(0));
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (ending) process.exit(1);
    ending = true;
    end(signal).catch((err: unknown) => {
      log.error({ err }, 'ending failed');
      process.exit(1);
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** Resolves when the last connection is gone; idle ones are closed at once, busy ones after their answer. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // An answer sent while draining leaves its connection idle; nobody else would close it.
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  await closed;
  clearInterval(sweep);
}
