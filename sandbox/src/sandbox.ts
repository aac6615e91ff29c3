import { CallBook } from './call-book.ts';
import { FaultCounter } from './fault-counter.ts';
import { type AsaasAccount, createAsaasAccount } from './gateways/asaas/account.ts';
import { createGatewayClock, type GatewayClock } from './gateways/clock.ts';
import { createStripeAccount, type StripeAccount } from './gateways/stripe/account.ts';
import { PictureStudio } from './picture-studio.ts';
import { TaskStore } from './task-store.ts';

export interface SandboxOptions {
  /** How long a task takes unless the request says otherwise. Default 600. */
  latencyMs?: number;
  /** `tiny` serves one small ready-made picture for every task, for benchmarks. Default `full`. */
  pictures?: 'full' | 'tiny';
}

/** What all providers share: settings, the tasks, the book of calls, the counted faults, the pictures; and the gateways' time. */
export interface Sandbox {
  latencyMs: number;
  isPictureTiny: boolean;
  tasks: TaskStore;
  book: CallBook;
  faults: FaultCounter;
  studio: PictureStudio;
  clock: GatewayClock;
  stripe: StripeAccount;
  asaas: AsaasAccount;
}

export function createSandbox(options: SandboxOptions): Sandbox {
  const clock = createGatewayClock();
  return {
    latencyMs: options.latencyMs ?? 600,
    isPictureTiny: options.pictures === 'tiny',
    tasks: new TaskStore(),
    book: new CallBook(),
    faults: new FaultCounter(),
    studio: new PictureStudio(),
    clock,
    stripe: createStripeAccount(clock),
    asaas: createAsaasAccount(clock),
  };
}
