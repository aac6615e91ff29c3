import { readLastTextEntry, readText, readTextEntry } from '@base/shared/queue/text-stream';
import type { Redis } from 'ioredis';

const pageSize = 100;

export interface TextPiece {
  /** Where to go on from, on any node. */
  id: string;
  attempt: number;
  offset: number;
  delta: string;
}

export interface TextFollower {
  /**
   * Gives what has been written since the last call, each character once; ends when there is no more at the moment.
   * @throws what Redis says; the next call goes on where this one was.
   */
  news(): AsyncGenerator<TextPiece, void>;
}

/**
 * Follows a job's text for one listener: after the entry `lastId`, or from the beginning of the present attempt when
 * there is none, or Redis does not have it any more.
 */
export function followText(redis: Redis, prefix: string, jobId: string, lastId: string | null): TextFollower {
  let isPlaced = false;
  let afterId: string | null = null;
  let attempt = 0;
  /** Characters of the attempt that the listener has. */
  let known = 0;

  const findPlace = async (): Promise<void> => {
    const last = lastId === null ? undefined : await readTextEntry(redis, prefix, jobId, lastId);
    if (last) {
      afterId = last.id;
      attempt = last.attempt;
      known = last.offset + last.text.length;
    } else {
      attempt = (await readLastTextEntry(redis, prefix, jobId))?.attempt ?? 0;
    }
    isPlaced = true;
  };

  return {
    async *news() {
      if (!isPlaced) await findPlace();
      for (;;) {
        const page = await readText(redis, prefix, jobId, afterId, pageSize);
        for (const entry of page) {
          afterId = entry.id;
          if (entry.attempt > attempt) known = 0;
          attempt = Math.max(attempt, entry.attempt);
          // An attempt that was given up may still write; and what was sent twice is shown once.
          const end = entry.offset + entry.text.length;
          if (entry.attempt < attempt || end <= known) continue;
          const offset = Math.max(entry.offset, known);
          known = end;
          yield { id: entry.id, attempt, offset, delta: entry.text.slice(offset - entry.offset) };
        }
        if (page.length < pageSize) return;
      }
    },
  };
}
