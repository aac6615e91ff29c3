import type { Directives } from './directives.ts';
import type { FaultName } from './faults.ts';

const keysMax = 20_000;

/** Counts how often a fault with `times` has struck, per provider, key and prompt. */
export class FaultCounter {
  readonly #struck = new Map<string, number>();

  /** The fault that strikes this arrival, or null. Each call counts as one arrival. */
  strike(scope: { provider: string; key: string; prompt: string }, directives: Directives): FaultName | null {
    const { fault, times } = directives;
    if (fault === undefined) return null;
    // For poll_500 `times` counts status calls of the one task, so the task carries the count.
    if (times === undefined || fault === 'poll_500') return fault;
    const key = JSON.stringify([scope.provider, scope.key, fault, scope.prompt]);
    const struck = this.#struck.get(key) ?? 0;
    if (struck >= times) return null;
    this.#struck.set(key, struck + 1);
    if (this.#struck.size > keysMax) this.#dropOldest();
    return fault;
  }

  #dropOldest(): void {
    for (const key of this.#struck.keys()) {
      this.#struck.delete(key);
      return;
    }
  }
}
