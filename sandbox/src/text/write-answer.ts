import { stripDirectives } from '../directives.ts';
import type { TaskFault } from '../faults.ts';
import type { PaidCall, TokenUsage } from '../providers/provider.ts';
import { countTokens, cutToTokens } from './count-tokens.ts';
import { fillSchema } from './fill-schema.ts';
import { topicOf, writeSentences } from './write-sentences.ts';

export type TextFormat =
  | { kind: 'text' }
  | { kind: 'json_object' }
  | { kind: 'json_schema'; schema: Record<string, unknown> };

/** What a caller asks of a text model. */
export interface TextOrder {
  /** Everything that the model has to read: all messages and instructions. */
  inputText: string;
  /** The caller's limit for the answer. */
  tokensMax: number | null;
  format: TextFormat;
}

export interface WrittenText {
  content: string;
  /** The same in the pieces in which it is streamed: eight or more, unless it has fewer characters. */
  deltas: string[];
  /** The caller's limit cut it off. */
  isCutShort: boolean;
  usage: TokenUsage;
}

const deltasMin = 8;
const deltasMax = 100;
const tokensPerDelta = 4;
const page = '<!doctype html><html><body>This is not what was asked for.</body></html>';

/**
 * Writes the answer to a call: the same for the same prompt, directives and order. The usage is what the provider charges
 * for: all of it, or the half that was written before a `stream_error`.
 */
export function writeAnswer(call: PaidCall, order: TextOrder): WrittenText {
  const whole = compose(call, order.format);
  const content = order.tokensMax === null ? whole : cutToTokens(whole, order.tokensMax);
  const deltas = splitEvenly(content);
  const charged = call.fault === 'stream_error' ? firstHalf(deltas).join('') : content;
  return {
    content,
    deltas,
    isCutShort: content.length < whole.length,
    usage: { tokensIn: countTokens(order.inputText), tokensOut: countTokens(charged) },
  };
}

/** What arrives of a stream that breaks off. */
export function firstHalf(deltas: readonly string[]): string[] {
  return deltas.slice(0, Math.ceil(deltas.length / 2));
}

function compose({ prompt, fault, directives }: PaidCall, format: TextFormat): string {
  const wholeFaults: Partial<Record<TaskFault, string>> = { empty_output: '', not_an_image: page };
  const instead = fault === null ? undefined : wholeFaults[fault];
  if (instead !== undefined) return instead;
  const bare = stripDirectives(prompt);
  if (format.kind === 'json_schema') return JSON.stringify(fillSchema(format.schema, topicOf(bare)));
  const sentences = writeSentences(bare, directives.tokens);
  return format.kind === 'json_object' ? JSON.stringify({ text: sentences }) : sentences;
}

function splitEvenly(text: string): string[] {
  const characters = Array.from(text);
  const wanted = Math.ceil(countTokens(text) / tokensPerDelta);
  const count = Math.min(characters.length, Math.max(deltasMin, Math.min(deltasMax, wanted)));
  const startOf = (index: number) => Math.floor((index * characters.length) / count);
  return Array.from({ length: count }, (_, index) => characters.slice(startOf(index), startOf(index + 1)).join(''));
}
