import type { Task } from './task.ts';

interface StoredTask {
  sequence: number;
  task: Task;
}

const keptMax = 200_000;
const keptAtLeast = 50_000;
const keptForMs = 3_600_000;

/**
 * All tasks of all providers, in order of creation. The last 50,000 are always kept; beyond that, tasks of the last hour
 * are kept up to 200,000, so that a benchmark does not eat the machine.
 */
export class TaskStore {
  readonly #byId = new Map<string, StoredTask>();
  #ordered: StoredTask[] = [];
  /** Index of the oldest kept task; the slots before it are given back in bulk, so that dropping costs no shifting. */
  #head = 0;
  #sequence = 0;

  get size(): number {
    return this.#byId.size;
  }

  add(task: Task): void {
    const stored = { sequence: ++this.#sequence, task };
    this.#byId.set(task.id, stored);
    this.#ordered.push(stored);
    this.#dropOld(task.createdAtMs);
  }

  find(id: string): Task | undefined {
    return this.#byId.get(id)?.task;
  }

  /** Tasks that match, newest first, older than the sequence number `before` when given; `limit` at most. */
  newestFirst(limit: number, matches: (task: Task) => boolean, before = Number.POSITIVE_INFINITY): StoredTask[] {
    const found: StoredTask[] = [];
    const start = Math.min(this.#ordered.length, this.#indexOf(before)) - 1;
    for (let index = start; index >= this.#head && found.length < limit; index -= 1) {
      const stored = this.#ordered[index];
      if (stored && matches(stored.task)) found.push(stored);
    }
    return found;
  }

  /** Tasks that match and are newer than the sequence number `after`, the `limit` nearest to it, newest first. */
  newerThan(after: number, limit: number, matches: (task: Task) => boolean): StoredTask[] {
    const found: StoredTask[] = [];
    const start = Math.max(this.#head, this.#indexOf(after) + 1);
    for (let index = start; index < this.#ordered.length && found.length < limit; index += 1) {
      const stored = this.#ordered[index];
      if (stored && matches(stored.task)) found.push(stored);
    }
    return found.reverse();
  }

  /** Where a sequence number stands in the order; numbers are handed out without gaps. */
  #indexOf(sequence: number): number {
    return sequence - (this.#ordered[0]?.sequence ?? 0);
  }

  #dropOld(nowMs: number): void {
    while (this.#byId.size > keptAtLeast) {
      const oldest = this.#ordered[this.#head];
      if (!oldest || (this.#byId.size <= keptMax && nowMs - oldest.task.createdAtMs < keptForMs)) break;
      this.#byId.delete(oldest.task.id);
      this.#head += 1;
    }
    if (this.#head > keptAtLeast) {
      this.#ordered = this.#ordered.slice(this.#head);
      this.#head = 0;
    }
  }
}
