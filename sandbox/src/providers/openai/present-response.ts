import { isJsonObject } from '../../field-rules.ts';
import { type Task, type TaskPhase, taskState } from '../../task.ts';
import type { WrittenText } from '../../text/write-answer.ts';
import type { TokenUsage } from '../provider.ts';

export interface StoredResponse {
  task: Task;
  body: Record<string, unknown>;
  written: WrittenText;
  messageId: string;
}

/** How far a response is. One whose stream was given up has failed, though it is charged for. */
export function responsePhase({ task }: StoredResponse, nowMs: number): TaskPhase {
  const { phase } = taskState(task, nowMs);
  return phase === 'succeeded' && task.fault === 'stream_error' ? 'failed' : phase;
}

/** The response object in a phase of its task: what it says of itself in answers, events and look-ups. */
export function presentResponse(stored: StoredResponse, phase: TaskPhase) {
  const { task, body, written } = stored;
  const isDone = phase === 'succeeded';
  const isFailed = phase === 'failed';
  // A failed response is charged for only when the failure came half-way.
  const isCharged = isDone || (isFailed && task.fault === 'stream_error');
  const seconds = (ms: number) => Math.floor(ms / 1000);
  return {
    id: task.id,
    object: 'response',
    created_at: seconds(task.createdAtMs),
    completed_at: isDone ? seconds(task.createdAtMs + task.latencyMs) : null,
    status: isDone && written.isCutShort ? 'incomplete' : statusOf(phase),
    background: false,
    error: isFailed ? { code: 'server_error', message: serverErrorMessage } : null,
    incomplete_details: isDone && written.isCutShort ? { reason: 'max_output_tokens' } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: task.model,
    output: isDone && task.fault !== 'empty_output' ? [presentMessage(stored)] : [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null, ...(isJsonObject(body.reasoning) && body.reasoning) },
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: { type: 'text' }, verbosity: 'medium', ...(isJsonObject(body.text) && body.text) },
    tool_choice: body.tool_choice ?? 'auto',
    tools: [],
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
    metadata: body.metadata ?? {},
    ...(isCharged && task.fault !== 'no_usage' && { usage: presentUsage(written.usage) }),
  };
}

/** The one message of a response, done. */
export function presentMessage({ messageId, written }: StoredResponse) {
  return {
    id: messageId,
    type: 'message',
    role: 'assistant',
    status: written.isCutShort ? 'incomplete' : 'completed',
    content: [presentText(written.content)],
  };
}

export function presentText(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

export const serverErrorMessage = 'The server had an error while processing your request. Sorry about that!';

function presentUsage({ tokensIn, tokensOut }: TokenUsage) {
  return {
    input_tokens: tokensIn,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: tokensOut,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: tokensIn + tokensOut,
  };
}

function statusOf(phase: TaskPhase): string {
  switch (phase) {
    case 'starting':
    case 'processing':
      return 'in_progress';
    case 'succeeded':
      return 'completed';
    case 'failed':
      return 'failed';
    case 'canceled':
    case 'aborted':
      return 'cancelled';
    default:
      return phase satisfies never;
  }
}
