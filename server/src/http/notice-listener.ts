import { channelOf, type Notice, notice } from '@base/shared/queue/notices';
import type { Redis } from 'ioredis';

export interface Notices {
  /** Begins to collect the organization's notices that `isWanted`; call `stop` when done. */
  listen(organizationId: string, isWanted: (notice: Notice) => boolean): NoticeWatch;
  close(): Promise<void>;
}

export interface NoticeWatch {
  /** Resolves at the next wanted notice (at once if one came since the last call), after the time, or on abort. */
  next(options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  stop(): void;
}

interface Watch {
  isWanted: (notice: Notice) => boolean;
  missed: boolean;
  wake: (() => void) | null;
}

/**
 * Shares one Redis connection among all event streams of a node: one subscription per organization with open streams.
 * With Redis down nobody is told, and watchers go on by their time-outs.
 */
export function createNotices(options: { redis: Redis; prefix: string }): Notices {
  const { redis, prefix } = options;
  const watchers = new Map<string, Set<Watch>>();
  // Without this, a failed subscription would be an unhandled rejection; ioredis subscribes again when it reconnects.
  const ignore = (): void => {};

  redis.on('message', (channel: string, text: string) => {
    const parsed = notice.safeParse(JSON.parse(text));
    if (!parsed.success) return;
    for (const watch of watchers.get(channel) ?? []) {
      if (!watch.isWanted(parsed.data)) continue;
      watch.missed = true;
      watch.wake?.();
    }
  });

  return {
    listen(organizationId, isWanted) {
      const channel = channelOf(prefix, organizationId);
      const watch: Watch = { isWanted, missed: false, wake: null };
      const others = watchers.get(channel);
      if (others) others.add(watch);
      else {
        watchers.set(channel, new Set([watch]));
        redis.subscribe(channel).catch(ignore);
      }
      return {
        next: (wait) => nextOf(watch, wait),
        stop() {
          const all = watchers.get(channel);
          if (!all?.delete(watch) || all.size > 0) return;
          watchers.delete(channel);
          redis.unsubscribe(channel).catch(ignore);
        },
      };
    },
    async close() {
      redis.disconnect();
    },
  };
}

function nextOf(watch: Watch, options: { timeoutMs: number; signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', done);
      watch.wake = null;
      watch.missed = false;
      resolve();
    };
    const timer = setTimeout(done, options.timeoutMs);
    options.signal.addEventListener('abort', done, { once: true });
    watch.wake = done;
    if (watch.missed || options.signal.aborted) done();
  });
}
