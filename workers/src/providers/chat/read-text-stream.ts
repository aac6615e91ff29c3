import type { JobErrorCode } from '@base/shared/errors/job-error-table';
import { APIError } from 'openai';
import { type Answered, answered, detailOf, type Exchange, failed } from '../exchange.ts';
import { judgeFailedSubmit, stoppedBeforeSending } from '../judge-exchange.ts';
import type { SubmitRequest, SubmitResult, TextOutput } from '../provider.ts';
import { type CallContext, readSdkError } from './openai-sdk.ts';
import { watchSilence } from './watch-silence.ts';

/*
 * A streamed text ends in one of these ways:
 *  - the provider finishes it (`stop`, `length`, `content_filter`): done, if there is any text;
 *  - it finishes without any text: refused if it said so, else nobody knows what was bought;
 *  - it declares the whole answer failed: nobody knows what was bought, and what came is no result;
 *  - it breaks off (reset, silence, abort, error event, more text than any model writes) after some text: done with what
 *    came, `interrupted`. The text is paid for and in the caller's hands already;
 *  - it breaks off before any text: as the error says, and unknown where it proves nothing.
 */

/** What one event of a stream says. */
export interface TextEvent {
  delta?: string;
  refusal?: string;
  finish?: Exclude<TextOutput['finishReason'], 'interrupted'>;
  usage?: NonNullable<TextOutput['usage']>;
  /** In USD as a decimal. */
  costUsd?: string;
  /** The stream ends here with an error. */
  error?: { code?: unknown; message?: unknown };
  /** The error means that there is no answer, whatever came of it. */
  isFailed?: boolean;
}

export interface TextStreamOptions {
  apiKey: string;
  /** Longest silence between two events. */
  timeoutMs: number;
  /** Sends the paid request. */
  open(context: CallContext): PromiseLike<AsyncIterable<unknown>>;
  read(event: unknown): TextEvent;
  translateError(answer: Answered): JobErrorCode | null;
  /** The status that an answer with this error would have had, had it not begun already. */
  statusOfError(code: unknown): number;
}

interface Progress {
  content: string;
  refusal: string;
  hasBegun: boolean;
  finish: TextOutput['finishReason'] | null;
  usage: TextOutput['usage'];
  costUsd: string | undefined;
  isFailed: boolean;
  /** Why nothing more comes, when the provider did not finish. */
  break: Exchange | null;
}

/** Twice what the longest answer of a model has. */
const contentCharactersMax = 2_000_000;

/** Sends a paid request for a text and reads the stream to its end; never throws. */
export async function readTextStream(request: SubmitRequest, options: TextStreamOptions): Promise<SubmitResult> {
  if (request.signal.aborted) return stoppedBeforeSending;
  const progress: Progress = {
    content: '',
    refusal: '',
    hasBegun: false,
    finish: null,
    usage: null,
    costUsd: undefined,
    isFailed: false,
    break: null,
  };
  const silence = watchSilence(options.timeoutMs);
  try {
    const signal = AbortSignal.any([request.signal, silence.signal]);
    const stream = await options.open({ requestId: request.requestId, signal });
    progress.hasBegun = true;
    for await (const event of stream) {
      silence.restart();
      follow(progress, options.read(event), request, options);
      if (progress.break) break;
    }
  } catch (error) {
    progress.break = readBreak(error, progress, options);
  } finally {
    silence.stop();
  }
  // An aborted stream ends like a finished one.
  if (silence.signal.aborted) progress.break = lost(`silent for ${options.timeoutMs} ms`);
  else if (request.signal.aborted) progress.break ??= lost('stopped while the answer was coming');
  return judge(progress, options);
}

function follow(progress: Progress, event: TextEvent, request: SubmitRequest, options: TextStreamOptions): void {
  if (event.delta) {
    progress.content += event.delta;
    request.onText?.(event.delta);
  }
  if (event.refusal) progress.refusal += event.refusal;
  if (event.finish) progress.finish = event.finish;
  if (event.usage) progress.usage = event.usage;
  if (event.costUsd !== undefined) progress.costUsd = event.costUsd;
  if (event.isFailed) progress.isFailed = true;
  if (event.error) progress.break = presentError(event.error, options);
  else if (progress.content.length > contentCharactersMax) progress.break = lost('more text than any model writes');
}

function readBreak(error: unknown, { hasBegun }: Progress, options: TextStreamOptions): Exchange {
  if (error instanceof APIError && error.status === undefined && error.error) {
    return presentError(error.error, options);
  }
  const exchange = readSdkError(error, options.apiKey);
  // Once an answer has begun, the request was certainly received.
  return hasBegun && exchange.kind === 'not_sent' ? lost(exchange.detail) : exchange;
}

/** An error event, as the answer that it would have been. */
function presentError(error: unknown, { apiKey, statusOfError }: TextStreamOptions): Exchange {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return answered({ status: statusOfError(code), text: JSON.stringify({ error }), retryAfter: null }, apiKey);
}

function judge(progress: Progress, options: TextStreamOptions): SubmitResult {
  const { content, finish, usage, costUsd } = progress;
  if (content !== '' && progress.isFailed) {
    return { kind: 'unknown', detail: `failed half-way: ${progress.break ? detailOf(progress.break) : ''}` };
  }
  if (content !== '') {
    const finishReason = finish ?? 'interrupted';
    return {
      kind: 'done',
      output: { files: [], text: { content, finishReason, usage }, ...(costUsd !== undefined && { costUsd }) },
    };
  }
  if (progress.refusal !== '' || finish === 'content_filter') {
    const detail = failed(progress.refusal || 'stopped by the content filter', options.apiKey).detail;
    return { kind: 'rejected', failure: { code: 'content_refused', detail } };
  }
  const end = progress.break ?? lost(finish ? `finished (${finish}) without any text` : 'ended without any text');
  return judgeFailedSubmit(end, options.translateError);
}

function lost(detail: string): Exchange {
  return { kind: 'lost', detail };
}
