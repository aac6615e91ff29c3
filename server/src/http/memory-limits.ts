import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Consumption, Limit } from './limits.ts';

/** How many API nodes are assumed when each counts for itself: a limit is then off by at most their real number. */
const assumedNodes = 2;

/** The same limits in this process's memory, each divided by the number of nodes; used while Redis does not answer. */
export function createMemoryLimits(): { consume(limits: readonly Limit[]): Promise<Consumption> } {
  const limiters = new Map<string, RateLimiterMemory>();

  const limiterOf = ({ limit, windowSeconds }: Limit): RateLimiterMemory => {
    const name = `${limit}/${windowSeconds}`;
    const known = limiters.get(name);
    if (known !== undefined) return known;
    const limiter = new RateLimiterMemory({ points: shareOf(limit), duration: windowSeconds });
    limiters.set(name, limiter);
    return limiter;
  };

  const consume = async (limits: readonly Limit[]): Promise<Consumption> => {
    const states = await Promise.all(limits.map((limit) => limiterOf(limit).get(limit.key)));
    const exceeded = states.findIndex((state, index) => {
      const limit = limits[index];
      return state !== null && limit !== undefined && state.consumedPoints >= shareOf(limit.limit);
    });
    const counted =
      exceeded === -1 ? await Promise.all(limits.map((limit) => limiterOf(limit).penalty(limit.key, 1))) : states;
    return {
      exceeded: exceeded === -1 ? null : exceeded,
      counters: limits.map((limit, index) => ({
        limit: { ...limit, limit: shareOf(limit.limit) },
        used: counted[index]?.consumedPoints ?? 0,
        resetSeconds: Math.max(1, Math.ceil((counted[index]?.msBeforeNext ?? limit.windowSeconds * 1000) / 1000)),
      })),
    };
  };
  // Looking and taking are two steps, so requests take turns: otherwise all of one moment would look first.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    consume(limits) {
      const mine = turn.then(() => consume(limits));
      turn = mine.catch(() => {});
      return mine;
    },
  };
}

function shareOf(limit: number): number {
  return Math.max(1, Math.floor(limit / assumedNodes));
}
