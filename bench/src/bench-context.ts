import type { BenchPlan } from './bench-plan.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Accounts } from './make-accounts.ts';
import type { ReservationMaker } from './make-reservation.ts';

/** What every part of the benchmark works with. */
export interface BenchContext {
  plan: BenchPlan;
  stack: BenchStack;
  accounts: Accounts;
  makeReservation: ReservationMaker;
  /** Progress, on stderr. */
  say(line: string): void;
  /** Whatever must not happen; the benchmark fails when there is any. */
  problems: string[];
}
