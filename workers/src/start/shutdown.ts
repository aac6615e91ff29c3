import type { Logger } from '@base/shared/log/logger';

/**
 * On SIGTERM or SIGINT: stop taking work, let steps under way end, close, exit 0. What has not ended within the time is
 * left as it is: its lease runs out and another worker finds it where it stands.
 */
export function drainOnSignal(options: { log: Logger; seconds: number; drain: () => Promise<void> }): void {
  let isDraining = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isDraining) return;
    isDraining = true;
    options.log.info({ signal }, 'draining');
    const timer = setTimeout(() => {
      options.log.warn('the time to drain is over; steps under way are left to other workers');
      process.exit(0);
    }, options.seconds * 1000);
    options
      .drain()
      .catch((err: unknown) => options.log.error({ err }, 'draining failed'))
      .finally(() => {
        clearTimeout(timer);
        options.log.info('drained');
        process.exit(0);
      });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
