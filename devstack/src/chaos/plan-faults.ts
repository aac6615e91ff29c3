import { createRandom } from './random.ts';

/** What a fault strikes. Faults of one target never overlap. */
export type Target = 'api-1' | 'api-2' | 'worker-1' | 'worker-2' | 'postgres' | 'redis' | 'sandbox' | 'storage' | Link;

/** The proxies: between the processes and each part, and `front`, between API nodes and whoever calls them. */
export type Link = (typeof links)[number];
export const links = ['to-postgres', 'to-redis', 'to-sandbox', 'to-storage', 'front'] as const;

interface Kind {
  targets: readonly Target[];
  /** How long it lasts: at least and at most. Absent: a moment. */
  seconds?: readonly [number, number];
}

const apis = ['api-1', 'api-2'] as const;
const workers = ['worker-1', 'worker-2'] as const;

/**
 * The sandbox is frozen and cut off, and never killed: its book, which tells what arrived, lives in its memory.
 * A frozen worker stays so for longer than its lease.
 */
export const faultKinds = {
  'kill-api': { targets: apis },
  'term-api': { targets: apis },
  'freeze-api': { targets: apis, seconds: [1, 6] },
  'kill-worker': { targets: workers },
  'term-worker': { targets: workers },
  'freeze-worker': { targets: workers, seconds: [4, 8] },
  'restart-postgres': { targets: ['postgres'] },
  'crash-postgres': { targets: ['postgres'] },
  'freeze-postgres': { targets: ['to-postgres'], seconds: [1, 4] },
  'cut-postgres': { targets: ['to-postgres'] },
  'refuse-postgres': { targets: ['to-postgres'], seconds: [0.5, 3] },
  'delay-postgres': { targets: ['to-postgres'], seconds: [2, 6] },
  'flush-redis': { targets: ['redis'] },
  'restart-redis': { targets: ['redis'], seconds: [0, 3] },
  'freeze-redis': { targets: ['redis'], seconds: [1, 6] },
  'cut-redis': { targets: ['to-redis'] },
  'refuse-redis': { targets: ['to-redis'], seconds: [1, 4] },
  'delay-redis': { targets: ['to-redis'], seconds: [2, 6] },
  'freeze-sandbox': { targets: ['sandbox'], seconds: [1, 5] },
  'cut-sandbox': { targets: ['to-sandbox'] },
  'refuse-sandbox': { targets: ['to-sandbox'], seconds: [1, 5] },
  'delay-sandbox': { targets: ['to-sandbox'], seconds: [2, 6] },
  'restart-storage': { targets: ['storage'] },
  'cut-storage': { targets: ['to-storage'] },
  'refuse-storage': { targets: ['to-storage'], seconds: [1, 5] },
  'delay-storage': { targets: ['to-storage'], seconds: [2, 6] },
  'cut-front': { targets: ['front'] },
  'delay-front': { targets: ['front'], seconds: [1, 4] },
} as const satisfies Record<string, Kind>;

export type FaultKind = keyof typeof faultKinds;

export interface Fault {
  /** Since the beginning of the run. */
  atMs: number;
  kind: FaultKind;
  target: Target;
  durationMs: number;
  /** How much later data comes, for the kinds that delay. */
  delayMs: number;
}

const everyMsMin = 1_400;
const everyMsMax = 3_200;

/** The faults of a run: the same for the same seed and length, each kind as often as the others. */
export function planFaults(seed: number, lengthMs: number): Fault[] {
  const random = createRandom(seed);
  const names = Object.keys(faultKinds) as FaultKind[]; // the keys of the table above
  const faults: Fault[] = [];
  let bag: FaultKind[] = [];
  for (let atMs = everyMsMin; atMs < lengthMs; atMs += Math.round(random.between(everyMsMin, everyMsMax))) {
    if (bag.length === 0) bag = random.shuffle(names);
    const kind = bag.pop() ?? 'kill-worker';
    const { targets, seconds = [0, 0] }: Kind = faultKinds[kind];
    faults.push({
      atMs,
      kind,
      target: random.pick(targets),
      durationMs: Math.round(1000 * random.between(seconds[0], seconds[1])),
      delayMs: Math.round(random.between(10, 120)),
    });
  }
  return faults;
}
