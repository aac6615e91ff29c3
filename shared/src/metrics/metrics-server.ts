import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

export interface MetricsServer {
  /** The port it really listens on, where 0 was asked for. */
  port: number;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` (Prometheus text) and `/health` on a port of its own, which is not meant for the public.
 * `isHealthy` decides between 200 and 503. Throws when the port is taken.
 */
export async function startMetricsServer(options: {
  metrics: Metrics;
  host: string;
  port: number;
  isHealthy?: () => boolean;
}): Promise<MetricsServer> {
  const { metrics, isHealthy = () => true } = options;
  const server: Server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/metrics') {
      metrics.registry.metrics().then(
        (text) => response.writeHead(200, { 'Content-Type': metrics.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
      return;
    }
    if (path !== '/health') {
      response.writeHead(404).end();
      return;
    }
    const healthy = isHealthy();
    response.writeHead(healthy ? 200 : 503, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ status: healthy ? 'ok' : 'unavailable' }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo; // a listening TCP server has an address object
  return {
    port: address.port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
