/** Numbers that look like chance and are the same again for the same seed. */
export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number;
  between(min: number, max: number): number;
  isOneIn(probability: number): boolean;
  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T;
  shuffle<T>(list: readonly T[]): T[];
}

/** Mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c. The seed is a whole number below 2³². */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new RangeError('there is nothing to pick from');
    return list[Math.floor(next() * list.length)] as T; // the list is not empty, and the index is inside it
  };
  return {
    next,
    between: (min, max) => min + next() * (max - min),
    isOneIn: (probability) => next() < probability,
    pick,
    shuffle(list) {
      const rest = [...list];
      return list.flatMap(() => rest.splice(Math.floor(next() * rest.length), 1));
    },
  };
}
