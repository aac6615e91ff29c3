import type { Exchange } from '../exchange.ts';
import { readFreeAnswer, unreachable } from '../judge-exchange.ts';
import {
  type FindTasksRequest,
  type PollRequest,
  type PollResult,
  type ProviderOutput,
  ProviderUnreachable,
} from '../provider.ts';
import type { Sound } from './client.ts';
import type { ElevenlabsApi } from './elevenlabs-api.ts';
import { type HistoryItem, historyItemSchema, historySchema } from './schemas.ts';
import { isMissingItem } from './translate-error.ts';

const pageSize = 100;
/** What was spoken since a lost request began; a busier account than this is not searched to its end. */
const pagesMax = 10;

/** Ids of the history items with this very text, voice and model, newest first. */
export async function findSpeech(api: ElevenlabsApi, request: FindTasksRequest): Promise<string[]> {
  const { voice_id, output_format = 'mp3' } = request.input;
  // The history gives its sounds as MP3, whatever they were ordered as.
  if (!String(output_format).startsWith('mp3')) return [];
  const since = Math.floor(request.submittedAfter.getTime() / 1000);
  const found: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const exchange = await api.client({
      method: 'GET',
      path: '/v1/history',
      params: {
        page_size: pageSize,
        voice_id: String(voice_id),
        model_id: request.model,
        date_after_unix: since,
        ...(after !== undefined && { start_after_history_item_id: after }),
      },
      requestId: request.requestId,
      signal: request.signal,
    });
    const answer = readFreeAnswer(toExchange(exchange), historySchema);
    const items = answer?.history ?? [];
    found.push(...items.filter((item) => isOrdered(item, request, since)).map((item) => item.history_item_id));
    after = answer?.last_history_item_id ?? undefined;
    if (!answer?.has_more || after === undefined) return found;
  }
  return found;
}

/** What became of a history item: its sound, when it is there. */
export async function pollSpeech(api: ElevenlabsApi, taskId: string, request: PollRequest): Promise<PollResult> {
  const path = `/v1/history/${encodeURIComponent(taskId)}`;
  const { requestId, signal } = request;
  const exchange = toExchange(await api.client({ method: 'GET', path, requestId, signal }));
  if (exchange.kind === 'answered' && isMissingItem(exchange)) return { kind: 'gone' };
  const item = readFreeAnswer(exchange, historyItemSchema);
  if (!item || item.state === 'deleted') return { kind: 'gone' };
  if (item.state === 'processing') return { kind: 'running', progress: null };
  const sound = await api.client({ method: 'GET', path: `${path}/audio`, requestId, signal });
  if (sound.kind === 'sound') return { kind: 'done', output: presentSpeech(api, item, sound) };
  if (sound.kind === 'answered' && isMissingItem(sound)) return { kind: 'gone' };
  throw unreachable(sound);
}

function isOrdered(item: HistoryItem, { model, input }: FindTasksRequest, since: number): boolean {
  return (
    item.state !== 'deleted' &&
    item.date_unix >= since &&
    item.text === input.text &&
    item.voice_id === input.voice_id &&
    item.model_id === model &&
    (!item.output_format || !input.output_format || item.output_format === input.output_format)
  );
}

function presentSpeech({ costOf }: ElevenlabsApi, item: HistoryItem, { bytes }: Sound): ProviderOutput {
  const credits = item.character_count_change_to - item.character_count_change_from;
  return { files: [{ kind: 'bytes', bytes }], ...(credits >= 0 && { costUsd: costOf(credits) }) };
}

/** @throws ProviderUnreachable for a sound, where none was asked for. */
function toExchange(answer: Exchange | Sound): Exchange {
  if (answer.kind === 'sound') throw new ProviderUnreachable('a sound where JSON was asked for');
  return answer;
}
