import type { JobErrorCode } from '@base/shared/errors/job-error-table';

/**
 * The contract between the life of a job and a provider. An adapter is HTTP in, contract out: it knows the provider's
 * protocol and errors, and nothing of credits, rows or queues. It sends each paid POST at most once per `submit`.
 */
export interface Provider {
  id: string;
  /** Whether accepted tasks are announced by callback too; polling is then a backstop. */
  callsBack: boolean;
  /** Sends the paid request, once. Never throws for what the provider or the network did: that is an answer too. */
  submit(request: SubmitRequest): Promise<SubmitResult>;
  /**
   * Asks what became of an accepted task; reading is free and may be repeated.
   * @throws ProviderUnreachable when nobody can say at the moment.
   */
  poll(taskId: string, request: PollRequest): Promise<PollResult>;
  /** Asks the provider to stop a task, where it can. Best effort: the poll tells what happened. */
  cancel?(taskId: string, request: PollRequest): Promise<void>;
  /**
   * Looks for the task of a submit whose answer was lost, among the provider's recent tasks.
   * @returns ids of tasks with this very input, newest first; empty when there is none or no way to tell.
   * @throws ProviderUnreachable when nobody can say at the moment.
   */
  findTasks?(request: FindTasksRequest): Promise<string[]>;
  /**
   * Asks with a free request whether the provider accepts the key.
   * @throws ProviderUnreachable when nobody can say at the moment.
   */
  checkKey(request: CheckKeyRequest): Promise<KeyVerdict>;
  /** Whether output links may be fetched from this host (`name` or `name:port`); anything else is refused. */
  isOutputHost(host: string): boolean;
}

export interface SubmitRequest {
  /** The model's name without the provider. */
  model: string;
  /** Valid by the model's contract, open fields filled in. */
  input: Record<string, unknown>;
  /** Goes to the provider as X-Request-Id. */
  requestId: string;
  /** How long the result is of use; providers that can are asked to stop after it. */
  secondsLeft: number;
  signal: AbortSignal;
  /** Is given the text of a text model piece by piece, while it is written. */
  onText?(delta: string): void;
}

export interface CheckKeyRequest {
  requestId: string;
  signal: AbortSignal;
}

export type KeyVerdict =
  | { isValid: true }
  /** In the provider's words without the key, for logs and operators. */
  | { isValid: false; detail: string };

export interface PollRequest {
  model: string;
  requestId: string;
  signal: AbortSignal;
}

export interface FindTasksRequest extends PollRequest {
  input: Record<string, unknown>;
  submittedAfter: Date;
}

export type SubmitResult =
  /** The provider works on it; `poll` with this id. */
  | { kind: 'accepted'; taskId: string }
  /** A synchronous provider answered with the result. */
  | { kind: 'done'; output: ProviderOutput }
  /** Certainly nothing was bought. */
  | { kind: 'rejected'; failure: ProviderFailure }
  /** It may have been bought: a time-out, a reset, an abort or a garbled answer after the request was sent. */
  | { kind: 'unknown'; detail: string };

export type PollResult =
  /** `progress` is in percent, 0 to 100; null where the provider does not say. */
  | { kind: 'running'; progress: number | null }
  | { kind: 'done'; output: ProviderOutput }
  | { kind: 'failed'; failure: ProviderFailure }
  | { kind: 'canceled' }
  /** The provider does not know the task (any more). */
  | { kind: 'gone' };

export interface ProviderFailure {
  code: JobErrorCode;
  /** The provider's words without its key, for logs and operators; never shown to clients. */
  detail: string;
  /** How long the provider asks to be left alone. */
  retryAfterMs?: number;
}

export interface ProviderOutput {
  /** Empty for a text model. */
  files: OutputFile[];
  text?: TextOutput;
  /** What it took in USD as a decimal, where the provider says so or bills by documented units that it reports. */
  costUsd?: string;
}

export interface TextOutput {
  content: string;
  /** `interrupted`: the stream broke off after some text had come; what came is the result. */
  finishReason: 'stop' | 'length' | 'content_filter' | 'interrupted';
  /** As the provider counted; null when it did not say, then the caller counts. */
  usage: { tokensIn: number; tokensOut: number } | null;
}

export type OutputFile =
  | { kind: 'url'; url: string }
  | {
      kind: 'bytes';
      bytes: Uint8Array;
      /** Only for formats that cannot be recognised by content, such as `audio/pcm;rate=24000`. */
      contentType?: string;
    };

/** Nobody can say at the moment: network, 5xx or 429 on a free request. Asking again later is right. */
export class ProviderUnreachable extends Error {
  override name = 'ProviderUnreachable';
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}
