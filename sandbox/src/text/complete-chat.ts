import type { Response } from 'express';
import { isJsonObject } from '../field-rules.ts';
import type { PaidCall, PaidEndpoint, ProviderVoice, TokenUsage, Verdict } from '../providers/provider.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Reply } from '../send-reply.ts';
import type { Task } from '../task.ts';
import { answerJson } from './answer-json.ts';
import { planTextTask } from './plan-text-task.ts';
import { readMessages } from './read-messages.ts';
import { jsonEvent, type StreamEnd, type StreamWords, streamText } from './stream-text.ts';
import { type TextFormat, type WrittenText, writeAnswer } from './write-answer.ts';

/** What the chat completions of one provider have of their own; the rest is the common protocol. */
export interface ChatDialect {
  voice: ProviderVoice;
  /** Refuses what the provider would, in its words. */
  check(call: PaidCall): Reply | null;
  newId(): string;
  /** Fields of its own in every answer and chunk. */
  extras: Readonly<Record<string, unknown>>;
  presentUsage(model: string, usage: TokenUsage): Readonly<Record<string, unknown>>;
  /** Whether the stream ends with the usage; `null` in the other chunks says that it will. */
  usageInStream(body: Record<string, unknown>): 'absent' | 'last' | 'last_and_null_before';
  /** A comment that opens streams, with its empty line. */
  comment: string;
  /** The event that ends a stream which the provider gives up. */
  presentFailure(frame: Readonly<Record<string, unknown>>): string;
  headers?(id: string): Readonly<Record<string, string>>;
}

/** POST /chat/completions of any provider, streamed and not. */
export function completeChat(sandbox: Sandbox, dialect: ChatDialect): PaidEndpoint {
  return {
    voice: dialect.voice,
    readPrompt: (body) => readMessages(body.messages).prompt,
    submit: (call) => submit(sandbox, dialect, call),
  };
}

interface Completion {
  call: PaidCall;
  task: Task;
  written: WrittenText;
  frame: Readonly<Record<string, unknown>>;
}

function submit(sandbox: Sandbox, dialect: ChatDialect, call: PaidCall): Verdict {
  const { body, res } = call;
  const refusal = dialect.check(call);
  if (refusal) return { isAccepted: false, reply: refusal };
  const written = writeAnswer(call, {
    inputText: readMessages(body.messages).inputText,
    tokensMax: readTokensMax(body),
    format: readChatFormat(body),
  });
  const model = String(body.model);
  const id = dialect.newId();
  const task = planTextTask(sandbox, call, { id, provider: dialect.voice.name, model });
  const frame = { id, created: Math.floor(task.createdAtMs / 1000), model, ...dialect.extras };
  const completion = { call, task, written, frame };
  for (const [name, value] of Object.entries(dialect.headers?.(id) ?? {})) res.setHeader(name, value);
  const isStreamed = body.stream === true;
  return {
    isAccepted: true,
    task,
    usage: written.usage,
    answer: () => (isStreamed ? answerStream(res, dialect, completion) : answerWhole(res, dialect, completion)),
    ...(isStreamed && { answerMalformed: () => streamChunks(res, dialect, completion, 'malformed') }),
  };
}

async function answerWhole(res: Response, dialect: ChatDialect, completion: Completion): Promise<Reply | null> {
  const { task, written, frame } = completion;
  const reply = await answerJson(res, task, dialect.voice, () => ({
    ...frame,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: written.content, refusal: null },
        logprobs: null,
        finish_reason: finishReason(written),
      },
    ],
    ...(task.fault !== 'no_usage' && { usage: dialect.presentUsage(task.model, written.usage) }),
  }));
  return reply && task.fault === 'stream_error' ? dialect.voice.serverError() : reply;
}

async function answerStream(res: Response, dialect: ChatDialect, completion: Completion): Promise<Reply | null> {
  const { task } = completion;
  // What fails before the first token is an ordinary error.
  if (task.ending === 'failed' || task.ending === 'canceled') return answerJson(res, task, dialect.voice, () => null);
  await streamChunks(res, dialect, completion);
  return null;
}

async function streamChunks(
  res: Response,
  dialect: ChatDialect,
  { call, task, written, frame }: Completion,
  end?: StreamEnd,
): Promise<void> {
  const usage = dialect.usageInStream(call.body);
  const head = { ...frame, object: 'chat.completion.chunk' };
  const chunk = (delta: Record<string, unknown>, finish: string | null = null) =>
    jsonEvent({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(usage === 'last_and_null_before' && { usage: null }),
    });
  const usageChunk = () =>
    usage === 'absent' || task.fault === 'no_usage'
      ? ''
      : jsonEvent({ ...head, choices: [], usage: dialect.presentUsage(task.model, written.usage) });
  const words: StreamWords = {
    opening: () => dialect.comment + chunk({ role: 'assistant', content: '', refusal: null }),
    delta: (text) => chunk({ content: text }),
    closing: () => `${chunk({}, finishReason(written))}${usageChunk()}data: [DONE]\n\n`,
    failure: () => dialect.presentFailure(head),
  };
  await streamText(res, task, written.deltas, words, end);
}

function finishReason(written: WrittenText): 'stop' | 'length' {
  return written.isCutShort ? 'length' : 'stop';
}

function readTokensMax(body: Record<string, unknown>): number | null {
  const limit = body.max_completion_tokens ?? body.max_tokens;
  return typeof limit === 'number' ? limit : null;
}

/** The format that a chat call asks for. */
export function readChatFormat(body: Record<string, unknown>): TextFormat {
  const format = body.response_format;
  if (!isJsonObject(format)) return { kind: 'text' };
  if (format.type === 'json_object') return { kind: 'json_object' };
  const named = isJsonObject(format.json_schema) ? format.json_schema : {};
  return isJsonObject(named.schema) ? { kind: 'json_schema', schema: named.schema } : { kind: 'text' };
}
