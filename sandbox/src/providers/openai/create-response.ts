import { randomUUID } from 'node:crypto';
import { isJsonObject, type Violation } from '../../field-rules.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import type { Task } from '../../task.ts';
import { answerJson } from '../../text/answer-json.ts';
import { findUnoffered } from '../../text/chat-fields.ts';
import { findViolation } from '../../text/field-shapes.ts';
import { planTextTask } from '../../text/plan-text-task.ts';
import { type Conversation, findMessageViolation, readMessages } from '../../text/read-messages.ts';
import { type TextFormat, writeAnswer } from '../../text/write-answer.ts';
import type { PaidCall, PaidEndpoint, Verdict } from '../provider.ts';
import { checkStrictSchema } from './check-strict-schema.ts';
import { findOpenaiModel } from './models.ts';
import { presentResponse, type StoredResponse } from './present-response.ts';
import { failure, invalidField, invalidPrompt, modelNotFound, openaiVoice, unsupportedValue } from './replies.ts';
import { streamResponse } from './stream-response.ts';
import { inputMessageRules, responseRules, responseShapes } from './text-fields.ts';

const unoffered = ['tools', 'background', 'previous_response_id', 'conversation', 'prompt', 'context_management'];

/** The responses of tasks that are still kept, for looking them up; a response with `store: false` is not in here. */
export type ResponseShelf = WeakMap<Task, StoredResponse>;

/** POST /responses, streamed and not. */
export function createResponse(sandbox: Sandbox, shelf: ResponseShelf): PaidEndpoint {
  return {
    voice: openaiVoice,
    readPrompt: (body) => readInput(body).prompt,
    submit: (call) => submit(sandbox, shelf, call),
  };
}

function submit(sandbox: Sandbox, shelf: ResponseShelf, call: PaidCall): Verdict {
  const { body, res } = call;
  const refusal = check(call);
  if (refusal) return { isAccepted: false, reply: refusal };
  const written = writeAnswer(call, {
    inputText: `${typeof body.instructions === 'string' ? body.instructions : ''}${readInput(body).inputText}`,
    tokensMax: typeof body.max_output_tokens === 'number' ? body.max_output_tokens : null,
    format: readFormat(body),
  });
  const model = String(body.model);
  const task = planTextTask(sandbox, call, { id: newId('resp'), provider: openaiVoice.name, model });
  const stored: StoredResponse = { task, body, written, messageId: newId('msg') };
  if (body.store !== false) shelf.set(task, stored);
  const isStreamed = body.stream === true;
  return {
    isAccepted: true,
    task,
    usage: written.usage,
    answer: () => (isStreamed ? streamResponse(res, stored).then(() => null) : answerWhole(call, stored)),
    ...(isStreamed && { answerMalformed: () => streamResponse(res, stored, 'malformed') }),
  };
}

async function answerWhole({ res }: PaidCall, stored: StoredResponse): Promise<Reply | null> {
  return answerJson(res, stored.task, openaiVoice, () =>
    presentResponse(stored, stored.task.fault === 'stream_error' ? 'failed' : 'succeeded'),
  );
}

function check(call: PaidCall): Reply | null {
  const { body } = call;
  const violation = findResponseViolation(body);
  if (violation) return invalidField(violation);
  if (!findOpenaiModel(String(body.model), 'text')) return modelNotFound(String(body.model));
  const format = formatOf(body);
  const missing =
    format.type === 'json_schema' ? ['name', 'schema'].find((name) => format[name] === undefined) : undefined;
  if (missing !== undefined) {
    const param = `text.format.${missing}`;
    return failure(400, {
      message: `Missing required parameter: '${param}'.`,
      param,
      code: 'missing_required_parameter',
    });
  }
  const strict = checkStrictSchema('text.format.schema', format);
  if (strict) return strict;
  const asked = findUnoffered(body, unoffered);
  if (asked !== null) return unsupportedValue(asked, `'${asked}' is not offered here.`);
  return call.fault === 'refused' ? invalidPrompt() : null;
}

function findResponseViolation(body: Record<string, unknown>): Violation | null {
  return (
    findViolation(body, responseRules, responseShapes) ?? findMessageViolation('input', body.input, inputMessageRules)
  );
}

/** A bare string is a message of the user. */
function readInput({ input }: Record<string, unknown>): Conversation {
  return typeof input === 'string' ? { prompt: input, inputText: input } : readMessages(input);
}

function readFormat(body: Record<string, unknown>): TextFormat {
  const format = formatOf(body);
  if (format.type === 'json_object') return { kind: 'json_object' };
  return isJsonObject(format.schema) ? { kind: 'json_schema', schema: format.schema } : { kind: 'text' };
}

function formatOf({ text }: Record<string, unknown>): Record<string, unknown> {
  return isJsonObject(text) && isJsonObject(text.format) ? text.format : {};
}

function newId(prefix: 'resp' | 'msg'): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`;
}
