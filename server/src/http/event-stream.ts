import { once } from 'node:events';
import type { Response } from 'express';

const heartbeatMs = 15_000;
const drainTimeoutMs = 30_000;

export interface EventStream {
  /** Sends one event; false when there is nobody to send it to, or the client should be waited for by `drained`. */
  send(event: string, data: unknown, id?: string): boolean;
  /** Waits until the client has taken what was sent. One that takes nothing for half a minute is disconnected. */
  drained(): Promise<void>;
  /** Ends the stream from our side. */
  end(): void;
  /** Aborts when the stream is over, whoever ended it. */
  closed: AbortSignal;
}

/**
 * Turns a response into server-sent events; the endpoint then returns `streamed`. A comment every 15 seconds keeps
 * proxies from closing it. When the process drains, the client is told to come back in a second and the stream ends.
 */
export function openEventStream(
  response: Response,
  options: { draining: AbortSignal; retryMs?: number; drainTimeoutMs?: number },
): EventStream {
  const over = new AbortController();
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    // Tells nginx-like proxies to pass events on as they come.
    'X-Accel-Buffering': 'no',
  });
  response.write(`retry: ${options.retryMs ?? 2_000}\n\n`);
  const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs);
  const end = (): void => {
    if (!response.writableEnded) response.end();
  };
  const sayGoodbye = (): void => {
    if (!response.writableEnded) response.write('retry: 1000\nevent: closing\ndata: {}\n\n');
    end();
  };
  options.draining.addEventListener('abort', sayGoodbye, { once: true });
  response.once('close', () => {
    clearInterval(heartbeat);
    options.draining.removeEventListener('abort', sayGoodbye);
    over.abort();
  });
  if (options.draining.aborted) sayGoodbye();
  return {
    send(event, data, id) {
      if (response.writableEnded || response.destroyed) return false;
      const head = id === undefined ? '' : `id: ${id}\n`;
      return response.write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    async drained() {
      if (!response.writableNeedDrain || response.destroyed) return;
      const tooLong = AbortSignal.timeout(options.drainTimeoutMs ?? drainTimeoutMs);
      try {
        await once(response, 'drain', { signal: AbortSignal.any([tooLong, over.signal]) });
      } catch {
        if (over.signal.aborted) return;
        response.destroy();
        over.abort();
      }
    },
    end,
    closed: over.signal,
  };
}
