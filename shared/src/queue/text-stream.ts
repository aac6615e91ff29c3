import type { Redis } from 'ioredis';
import { channelOf, type Notice } from './notices.ts';

/**
 * The text of a job while a model writes it: one Redis stream per job, from the worker that makes the paid call to every
 * API node with a listener. It is for watching only: what the job made is settled in Postgres.
 *
 * An entry says which attempt wrote it and at which offset (in UTF-16 units, as JavaScript counts) of that attempt's
 * text it belongs. A new attempt begins at offset 0. Entries may overlap, never contradict: after a lost reply the same
 * text is sent again, and when Redis has lost its data the writer sends everything from 0. Ids are made by Redis from
 * its clock, so they grow even over such a loss, and each is a place from which to read on.
 */
export interface TextEntry {
  id: string;
  attempt: number;
  offset: number;
  text: string;
}

export interface TextWriter {
  /** Takes the next piece. Never throws and never waits: with Redis down, listeners are late, nothing else. */
  write(delta: string): void;
  /** Sends what is left; resolves when it is out or, with Redis slow or down, after a second. Never rejects. */
  end(): Promise<void>;
  /** Everything written so far. */
  readonly text: string;
}

/** What listeners are told when there is more text; `status` of a notice about nothing else. */
export const textNotice = 'text';

const entriesMax = 20_000;
const expiryMs = 3_600_000;
const endTimeoutMs = 1_000;
/** After a failure, so that a Redis without memory is not sent the growing text again with every word. */
const pauseMs = 1_000;
const pageSize = 1_000;

export function textKeyOf(prefix: string, jobId: string): string {
  return `${prefix}:text:${jobId}`;
}

/**
 * Opens the writer of one attempt. Pieces go out at once while nothing is under way, otherwise together when the last
 * reply has come: a fast model costs one round trip at a time, and no timer holds a slow one back.
 */
export function openTextWriter(
  redis: Redis,
  prefix: string,
  { organizationId, jobId, attempt }: { organizationId: string; jobId: string; attempt: number },
): TextWriter {
  const key = textKeyOf(prefix, jobId);
  const channel = channelOf(prefix, organizationId);
  const notice = JSON.stringify({ job_id: jobId, status: textNotice } satisfies Notice);
  let whole = '';
  let waiting = '';
  let offset = 0;
  let isSending = false;
  let isEnding = false;
  let notBeforeMs = 0;
  let sending: Promise<void> = Promise.resolve();

  /** @throws what Redis says */
  const add = async (piece: string): Promise<void> => {
    // Only the beginning makes a stream: where one should be and is not, Redis has lost it.
    const options = offset === 0 ? [] : ['NOMKSTREAM'];
    const fields = ['attempt', attempt, 'offset', offset, 'text', piece];
    const replies = await redis
      .pipeline()
      .xadd(key, ...options, 'MAXLEN', '~', entriesMax, '*', ...fields)
      .pexpire(key, expiryMs)
      .publish(channel, notice)
      .exec();
    const [error, id] = replies?.[0] ?? [new Error('no reply'), null];
    if (error) throw error;
    if (id === null) {
      waiting = whole;
      offset = 0;
    } else {
      waiting = waiting.slice(piece.length);
      offset += piece.length;
    }
  };

  const send = async (): Promise<void> => {
    isSending = true;
    try {
      while (redis.status === 'ready') {
        const piece = isEnding ? waiting : wholeCharacters(waiting);
        if (piece === '') break;
        await add(piece);
      }
    } catch {
      // What could not be sent goes with a later piece: at once it would only meet the same Redis.
      notBeforeMs = performance.now() + pauseMs;
    } finally {
      isSending = false;
    }
  };

  return {
    write(delta) {
      whole += delta;
      waiting += delta;
      if (!isSending && performance.now() >= notBeforeMs) sending = send();
    },
    async end() {
      isEnding = true;
      await withinTime(sending.then(send));
    },
    get text() {
      return whole;
    },
  };
}

/** Without half a character at its end: alone it could not be written as UTF-8, and its other half comes next. */
function wholeCharacters(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}

/**
 * Up to `limit` entries after the given id, oldest first; from the beginning without one.
 * @throws what Redis says; none of it matters to more than the moment
 */
export async function readText(
  redis: Redis,
  prefix: string,
  jobId: string,
  afterId: string | null,
  limit: number,
): Promise<TextEntry[]> {
  const rows = await redis.xrange(
    textKeyOf(prefix, jobId),
    afterId === null ? '-' : `(${afterId}`,
    '+',
    'COUNT',
    limit,
  );
  return rows.map(toEntry);
}

/** The entry with this id; undefined when Redis does not have it any more. @throws what Redis says */
export async function readTextEntry(
  redis: Redis,
  prefix: string,
  jobId: string,
  id: string,
): Promise<TextEntry | undefined> {
  const rows = await redis.xrange(textKeyOf(prefix, jobId), id, id);
  return rows.map(toEntry)[0];
}

/** The latest entry, which tells the present attempt; undefined when there is none. @throws what Redis says */
export async function readLastTextEntry(redis: Redis, prefix: string, jobId: string): Promise<TextEntry | undefined> {
  const rows = await redis.xrevrange(textKeyOf(prefix, jobId), '+', '-', 'COUNT', 1);
  return rows.map(toEntry)[0];
}

/**
 * The text of the last attempt as far as it is there, for a worker that takes over a job whose stream was cut: what was
 * delivered is what the job made. `isComplete` says that nothing is missing between its beginning and its end.
 * @returns null when there is no text. @throws what Redis says
 */
export async function readWholeText(
  redis: Redis,
  prefix: string,
  jobId: string,
): Promise<{ attempt: number; text: string; isComplete: boolean } | null> {
  let attempt = -1;
  let text = '';
  let endMax = 0;
  let afterId: string | null = null;
  for (;;) {
    const page: TextEntry[] = await readText(redis, prefix, jobId, afterId, pageSize);
    for (const entry of page) {
      if (entry.attempt > attempt) {
        attempt = entry.attempt;
        text = '';
        endMax = 0;
      }
      if (entry.attempt < attempt) continue;
      endMax = Math.max(endMax, entry.offset + entry.text.length);
      // Beyond a gap (the stream was cut to its length) nothing can be put in its place.
      if (entry.offset <= text.length) text += entry.text.slice(text.length - entry.offset);
    }
    afterId = page.at(-1)?.id ?? null;
    if (page.length < pageSize) break;
  }
  return attempt === -1 ? null : { attempt, text, isComplete: text.length === endMax };
}

/** Fields are written by `openTextWriter` only, in this order. */
function toEntry([id, [, attempt, , offset, , text]]: [id: string, fields: string[]]): TextEntry {
  return { id, attempt: Number(attempt), offset: Number(offset), text: text ?? '' };
}

async function withinTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, endTimeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
