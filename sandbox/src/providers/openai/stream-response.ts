import type { Response } from 'express';
import { jsonEvent, type StreamEnd, type StreamWords, streamText } from '../../text/stream-text.ts';
import {
  presentMessage,
  presentResponse,
  presentText,
  type StoredResponse,
  serverErrorMessage,
} from './present-response.ts';

/** Sends a response as events, numbered from 0, over the latency of its task. `end` overrules what its fault says. */
export function streamResponse(res: Response, stored: StoredResponse, end?: StreamEnd): Promise<void> {
  const { task, written } = stored;
  return streamText(res, task, task.fault === 'empty_output' ? [] : written.deltas, wordsFor(stored), end);
}

function wordsFor(stored: StoredResponse): StreamWords {
  const { task, written, messageId } = stored;
  let sequence = 0;
  const event = (type: string, fields: Record<string, unknown>) => {
    const data = { type, sequence_number: sequence, ...fields };
    sequence += 1;
    return jsonEvent(data, type);
  };
  const hasText = task.fault !== 'empty_output';
  const place = { item_id: messageId, output_index: 0, content_index: 0 };
  const text = { ...place, logprobs: [] };
  const started = { ...presentMessage(stored), status: 'in_progress', content: [] };
  const pending = presentResponse(stored, 'processing');
  return {
    opening: () =>
      event('response.created', { response: pending }) +
      event('response.in_progress', { response: pending }) +
      (hasText
        ? event('response.output_item.added', { output_index: 0, item: started }) +
          event('response.content_part.added', { ...place, part: presentText('') })
        : ''),
    delta: (delta) => event('response.output_text.delta', { ...text, delta }),
    closing: () =>
      (hasText
        ? event('response.output_text.done', { ...text, text: written.content }) +
          event('response.content_part.done', { ...place, part: presentText(written.content) }) +
          event('response.output_item.done', { output_index: 0, item: presentMessage(stored) })
        : '') +
      event(written.isCutShort ? 'response.incomplete' : 'response.completed', {
        response: presentResponse(stored, 'succeeded'),
      }),
    failure: () =>
      task.fault === 'stream_error'
        ? event('error', { code: 'server_error', message: serverErrorMessage, param: null })
        : event('response.failed', { response: presentResponse(stored, 'failed') }),
  };
}
