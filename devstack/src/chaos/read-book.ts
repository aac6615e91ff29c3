import { setTimeout as pause } from 'node:timers/promises';

/** A paid POST that arrived at the sandbox, as its book tells; see sandbox/README.md. */
export interface PaidCall {
  id: number;
  at: string;
  provider: string;
  prompt: string;
  accepted: boolean;
  billed: boolean;
  task_id: string | null;
  request_id: string | null;
  /** The last four characters of the key. */
  authorization_hint: string | null;
}

/** A copy of the sandbox's book, which forgets all but its last calls. */
export interface BookCopy {
  /** Reads what is new or may have changed. @throws Error when the sandbox does not answer */
  update(): Promise<void>;
  calls(): PaidCall[];
}

/** Longer than anything is written into an entry after it was opened. */
const overlapMs = 300_000;

export function copyBook(sandboxUrl: string): BookCopy {
  const copied = new Map<number, PaidCall>();
  let sinceMs = 0;
  return {
    async update() {
      const startedMs = Date.now();
      const signal = AbortSignal.timeout(30_000);
      const response = await fetch(`${sandboxUrl}/_sandbox/calls?since=${sinceMs}`, { signal });
      const { data } = (await response.json()) as { data: PaidCall[] }; // as documented
      for (const { id, at, provider, prompt, accepted, billed, task_id, request_id, authorization_hint } of data) {
        copied.set(id, { id, at, provider, prompt, accepted, billed, task_id, request_id, authorization_hint });
      }
      sinceMs = startedMs - overlapMs;
    },
    calls: () => [...copied.values()],
  };
}

/** Copies the book now and then until told to stop. The sandbox is frozen at times; the next round catches up. */
export async function keepCopying(book: BookCopy, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(everyMs, undefined, { signal }).catch(() => {});
    await book.update().catch(() => {});
  }
}
