import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it arrived at a receiver of webhooks. */
export interface Received {
  id: string;
  headers: IncomingHttpHeaders;
  /** The very bytes. */
  body: string;
  message: { id: string; type: string; timestamp: string; data: Record<string, unknown> };
  path: string;
  /** `performance.now()` */
  at: number;
}

/** `hang`: never. */
export type ReceiverAnswer =
  | { status: number; headers?: Record<string, string>; body?: string; afterMs?: number }
  | 'hang';

export interface Receiver {
  url: string;
  received: Received[];
  /** The most messages with the same id, and the most in all, that were here at the same time. */
  mostAtOnce: { ofOneId: number; inAll: number };
  answerWith(answer: ReceiverAnswer | ((received: Received, count: number) => ReceiverAnswer)): void;
  close(): Promise<void>;
}

/** A real server on 127.0.0.1 that takes webhooks; it answers 204 until told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  let answer: (received: Received, count: number) => ReceiverAnswer = () => ({ status: 204 });
  const received: Received[] = [];
  const here = new Map<string, number>();
  const mostAtOnce = { ofOneId: 0, inAll: 0 };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const id = String(request.headers['webhook-id'] ?? '');
    const one = {
      id,
      headers: request.headers,
      body,
      message: JSON.parse(body),
      path: request.url ?? '',
      at: performance.now(),
    };
    here.set(id, (here.get(id) ?? 0) + 1);
    mostAtOnce.ofOneId = Math.max(mostAtOnce.ofOneId, here.get(id) ?? 0);
    mostAtOnce.inAll = Math.max(
      mostAtOnce.inAll,
      [...here.values()].reduce((sum, count) => sum + count, 0),
    );
    response.once('close', () => here.set(id, (here.get(id) ?? 1) - 1));
    received.push(one);
    const chosen = answer(one, received.length);
    if (chosen === 'hang') return;
    if (chosen.afterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, chosen.afterMs));
    response.writeHead(chosen.status, chosen.headers).end(chosen.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address object
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    mostAtOnce,
    answerWith(chosen) {
      answer = typeof chosen === 'function' ? chosen : () => chosen;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
