import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

/** A TCP proxy that can be the network at its worst. */
export interface TcpProxy {
  port: number;
  /** Breaks every connection by a reset; new ones work. */
  cut(): void;
  /** As `cut`, and nobody listens until `resume`. */
  refuse(): void;
  /** Connections stay and are taken, and nothing flows until `resume`. */
  stall(): void;
  /** Each piece of data comes so much later, in both directions, until `resume`. */
  delay(ms: number): void;
  resume(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Stands on 127.0.0.1 in front of one or more equal servers; each connection goes to the next of them that takes it.
 * @throws Error when the port is taken.
 */
export async function startProxy(options: { port: number; targets: readonly number[] }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const passage = createPassage();
  let turn = 0;

  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // A broken connection is what this is for; the pipeline ends its other half.
  };
  const join = async (client: Socket): Promise<void> => {
    track(client);
    turn += 1;
    const upstream = await connectToAny(options.targets, turn);
    if (upstream === undefined || client.destroyed) {
      client.resetAndDestroy();
      upstream?.destroy();
      return;
    }
    track(upstream);
    pipeline(client, passage.gate(), upstream, () => {});
    pipeline(upstream, passage.gate(), client, () => {});
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => void join(client));
  const listen = async (): Promise<void> => {
    server.listen(options.port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  await listen();
  return {
    port: options.port,
    cut,
    refuse() {
      server.close();
      cut();
    },
    stall: passage.stall,
    delay: passage.delay,
    async resume() {
      passage.open();
      if (!server.listening) await listen();
    },
    async close() {
      cut();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

/** What all data of a proxy goes through. */
function createPassage() {
  let delayMs = 0;
  let stalled: PromiseWithResolvers<void> | undefined;
  const wait = async (): Promise<void> => {
    if (delayMs > 0) await pause(delayMs);
    while (stalled !== undefined) await stalled.promise;
  };
  return {
    gate: (): Transform =>
      new Transform({
        transform(chunk, _encoding, done) {
          if (delayMs === 0 && stalled === undefined) done(null, chunk);
          else void wait().then(() => done(null, chunk));
        },
      }),
    stall(): void {
      stalled ??= Promise.withResolvers();
    },
    delay(ms: number): void {
      delayMs = ms;
    },
    open(): void {
      delayMs = 0;
      stalled?.resolve();
      stalled = undefined;
    },
  };
}

/** The first server that takes the connection, beginning with the one whose turn it is; undefined when none does. */
async function connectToAny(ports: readonly number[], turn: number): Promise<Socket | undefined> {
  for (let tried = 0; tried < ports.length; tried += 1) {
    const port = ports[(turn + tried) % ports.length];
    if (port === undefined) continue;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    try {
      await once(socket, 'connect'); // Rejects on 'error'.
      return socket;
    } catch {
      socket.destroy();
    }
  }
  return undefined;
}
