import { expect, it } from 'vitest';
import { type FaultKind, faultKinds, planFaults } from './plan-faults.ts';

const minute = 60_000;

it('makes the same plan from the same seed, and another from another', () => {
  expect(planFaults(7, 10 * minute)).toEqual(planFaults(7, 10 * minute));
  expect(planFaults(7, 10 * minute)).not.toEqual(planFaults(8, 10 * minute));
});

it('has every kind in two minutes, and two hundred faults in ten', () => {
  const kinds = new Set(planFaults(1, 2 * minute).map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(Object.keys(faultKinds).sort());
  expect(planFaults(1, 10 * minute).length).toBeGreaterThanOrEqual(200);
});

it('strikes what the kind is for, within the run, for as long as the kind says', () => {
  for (const { kind, target, atMs, durationMs } of planFaults(3, 5 * minute)) {
    const { targets, seconds }: { targets: readonly string[]; seconds?: readonly number[] } = faultKinds[kind];
    expect(targets).toContain(target);
    expect(atMs).toBeLessThan(5 * minute);
    const [least = 0, most = 0] = seconds ?? [];
    expect(durationMs).toBeGreaterThanOrEqual(1000 * least);
    expect(durationMs).toBeLessThanOrEqual(1000 * most);
  }
});

it('freezes a worker for longer than its lease of three seconds', () => {
  const kind: FaultKind = 'freeze-worker';
  expect(faultKinds[kind].seconds[0]).toBeGreaterThan(3);
});
