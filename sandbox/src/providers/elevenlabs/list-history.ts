import type { Request } from 'express';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import { type Task, taskState } from '../../task.ts';
import { creditsFor, findSpeechModel } from './models.ts';
import { elevenlabsVoice, invalid } from './replies.ts';
import { taskPrefix } from './text-to-speech.ts';
import { findVoice } from './voices.ts';

const pageSizeDefault = 100;
const pageSizeMax = 1000;

interface HistoryItem {
  task: Task;
  dateUnix: number;
  creditsBefore: number;
  creditsAfter: number;
}

/** GET /v1/history: what a key has had spoken, newest first unless asked otherwise. */
export function listHistory(sandbox: Sandbox, req: Request, key: string): Reply {
  const { query } = req;
  const pageSize = query.page_size === undefined ? pageSizeDefault : Number(query.page_size);
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > pageSizeMax) {
    return invalid([
      { loc: ['query', 'page_size'], msg: `Input should be from 1 to ${pageSizeMax}`, type: 'value_error' },
    ]);
  }
  const found = readHistory(sandbox, key).filter((item) => matches(item, query));
  if (query.sort_direction !== 'asc') found.reverse();
  const after = query.start_after_history_item_id;
  const start = after === undefined ? 0 : found.findIndex(({ task }) => task.id === after) + 1;
  const page = found.slice(start, start + pageSize);
  return {
    status: 200,
    body: {
      history: page.map(presentHistoryItem),
      last_history_item_id: page.at(-1)?.task.id ?? null,
      has_more: start + pageSize < found.length,
      scanned_until: page.at(-1)?.dateUnix ?? null,
    },
  };
}

/** One item of a key's history, or null. */
export function findHistoryItem(sandbox: Sandbox, key: string, id: unknown): HistoryItem | null {
  return readHistory(sandbox, key).find(({ task }) => task.id === id) ?? null;
}

/** The credits that a key has spent. */
export function countCredits(sandbox: Sandbox, key: string): number {
  return readHistory(sandbox, key).at(-1)?.creditsAfter ?? 0;
}

/** An item as the lists show it. */
export function presentHistoryItem({ task, dateUnix, creditsBefore, creditsAfter }: HistoryItem) {
  const { input } = task;
  const voice = findVoice(String(input.voice_id));
  return {
    history_item_id: task.id,
    request_id: task.id.slice(taskPrefix.length),
    voice_id: input.voice_id,
    model_id: task.model,
    voice_name: voice?.name ?? null,
    voice_category: 'premade',
    text: task.prompt,
    date_unix: dateUnix,
    character_count_change_from: creditsBefore,
    character_count_change_to: creditsAfter,
    content_type: 'audio/mpeg',
    state: 'created',
    settings: input.voice_settings ?? null,
    share_link_id: null,
    source: 'TTS',
    output_format: input.output_format,
  };
}

/** Oldest first. What failed or has not ended is not in it, nor what was ordered without logging. */
function readHistory(sandbox: Sandbox, key: string): HistoryItem[] {
  const nowMs = Date.now();
  const isSpoken = (task: Task) =>
    task.provider === elevenlabsVoice.name &&
    task.account === key &&
    task.input.enable_logging === true &&
    taskState(task, nowMs).phase === 'succeeded';
  let credits = 0;
  return sandbox.tasks
    .newestFirst(Number.POSITIVE_INFINITY, isSpoken)
    .reverse()
    .map(({ task }) => {
      const model = findSpeechModel(task.model);
      const creditsBefore = credits;
      credits += model ? creditsFor(model, task.prompt) : 0;
      return { task, dateUnix: Math.floor(task.createdAtMs / 1000), creditsBefore, creditsAfter: credits };
    });
}

function matches({ task, dateUnix }: HistoryItem, query: Request['query']): boolean {
  const { voice_id: voiceId, model_id: modelId, search, date_after_unix: after, date_before_unix: before } = query;
  return (
    (voiceId === undefined || voiceId === task.input.voice_id) &&
    (modelId === undefined || modelId === task.model) &&
    (typeof search !== 'string' || task.prompt.includes(search)) &&
    (after === undefined || dateUnix >= Number(after)) &&
    (before === undefined || dateUnix < Number(before))
  );
}
