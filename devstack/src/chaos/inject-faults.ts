import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Target } from './plan-faults.ts';
import type { TcpProxy } from './proxy.ts';
import type { System } from './start-system.ts';
import type { Supervised } from './supervise.ts';

/**
 * Lets the faults of a plan happen, each at its time, and waits until the last is over. What strikes a target that
 * an earlier fault still holds waits for it.
 * @returns those that happened: all, unless the run was broken off.
 */
export async function injectFaults(
  plan: readonly Fault[],
  system: System,
  options: { signal: AbortSignal; onFault(fault: Fault): void },
): Promise<Fault[]> {
  const startedMs = performance.now();
  const happened: Fault[] = [];
  const busy = new Map<Target, Promise<void>>();
  for (const fault of plan) {
    const waitMs = startedMs + fault.atMs - performance.now();
    if (waitMs > 0) await pause(waitMs, undefined, { signal: options.signal }).catch(() => {});
    if (options.signal.aborted) break;
    const strike = async (): Promise<void> => {
      options.onFault(fault);
      happened.push(fault);
      await injectOne(fault, system);
    };
    const striking = (busy.get(fault.target) ?? Promise.resolve()).then(strike);
    striking.catch(() => {}); // Thrown below, when the others are over too.
    busy.set(fault.target, striking);
  }
  await Promise.all(busy.values());
  return happened;
}

/** Everything as it should be again. */
export async function healAll(system: System): Promise<void> {
  for (const proxy of system.proxies.values()) await proxy.resume();
  system.signalSandbox('SIGCONT');
  system.redis.signal('SIGCONT');
  for (const process of system.processes.values()) process.signal('SIGCONT');
}

async function injectOne(fault: Fault, system: System): Promise<void> {
  const { kind, durationMs } = fault;
  const [what = ''] = kind.split('-');
  switch (kind) {
    case 'kill-api':
    case 'kill-worker':
    case 'restart-storage':
      return processOf(system, fault).signal('SIGKILL');
    case 'term-api':
    case 'term-worker':
      return processOf(system, fault).drain();
    case 'freeze-api':
    case 'freeze-worker': {
      const { signal } = processOf(system, fault);
      return freeze(signal, durationMs);
    }
    case 'freeze-redis':
      return freeze(system.redis.signal, durationMs);
    case 'freeze-sandbox':
      return freeze(system.signalSandbox, durationMs);
    case 'flush-redis':
      return system.redis.flushAll();
    case 'restart-redis':
      return system.redis.restart(durationMs);
    case 'restart-postgres':
      return system.postgres.restart('fast');
    case 'crash-postgres':
      return system.postgres.restart('immediate');
    default:
      return disturb(what, proxyOf(system, fault), fault);
  }
}

async function freeze(signal: (sent: NodeJS.Signals) => void, durationMs: number): Promise<void> {
  signal('SIGSTOP');
  await pause(durationMs);
  signal('SIGCONT');
}

/** What a network does. A server that does not answer is the same to those at its other end. */
async function disturb(how: string, proxy: TcpProxy, { kind, durationMs, delayMs }: Fault): Promise<void> {
  if (how === 'cut') return proxy.cut();
  if (how === 'refuse') proxy.refuse();
  else if (how === 'freeze') proxy.stall();
  else if (how === 'delay') proxy.delay(delayMs);
  else throw new Error(`nobody knows how to do ${kind}`);
  await pause(durationMs);
  await proxy.resume();
}

function processOf({ processes }: System, { target, kind }: Fault): Supervised {
  const process = processes.get(target);
  if (process === undefined) throw new Error(`${kind} has no process ${target}`);
  return process;
}

function proxyOf({ proxies }: System, { target, kind }: Fault): TcpProxy {
  for (const [link, proxy] of proxies) if (link === target) return proxy;
  throw new Error(`${kind} has no proxy ${target}`);
}
