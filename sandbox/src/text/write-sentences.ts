import { createHash } from 'node:crypto';
import { countTokens, cutToTokens } from './count-tokens.ts';

const topicCharactersMax = 80;
const sentencesMin = 3;
const sentencesMax = 6;

const sentences = [
  'It opens with the one thing that the reader should remember.',
  'Every claim comes with an example from daily life.',
  'The tone is warm, short sentences carry it, and nothing is said twice.',
  'A picture early on says more than the paragraph beneath it.',
  'Figures are rounded, because nobody remembers decimals.',
  'The middle part answers the question that people really ask.',
  'Colours stay calm so that the product may be loud.',
  'One surprise is enough, and it belongs in the last third.',
  'Names are used sparingly, and always the same ones.',
  'It closes with a single step that takes less than a minute.',
] as const;

/**
 * A text about the prompt: the same one for the same prompt, three to six sentences, or as many as make exactly
 * `tokens` when given.
 */
export function writeSentences(prompt: string, tokens: number | undefined): string {
  const seed = createHash('sha256').update(prompt).digest();
  const opening = `A draft on “${topicOf(prompt)}”.`;
  if (tokens === undefined) {
    const count = sentencesMin + ((seed[0] ?? 0) % (sentencesMax - sentencesMin + 1));
    return [opening, ...pick(seed, count)].join(' ');
  }
  if (tokens === 0) return '';
  let text = opening;
  for (const sentence of pick(seed, Number.POSITIVE_INFINITY)) {
    if (countTokens(text) >= tokens) break;
    text += ` ${sentence}`;
  }
  return `${Array.from(cutToTokens(text, tokens)).slice(0, -1).join('')}.`;
}

/** The beginning of a prompt, as texts repeat it. */
export function topicOf(prompt: string): string {
  const characters = Array.from(prompt.replaceAll(/\s+/g, ' ').trim());
  return characters.length <= topicCharactersMax
    ? characters.join('')
    : `${characters.slice(0, topicCharactersMax - 1).join('')}…`;
}

/** Sentences in an order that depends on the seed; each is used before one comes again. */
function* pick(seed: Buffer, count: number): Generator<string> {
  const start = (seed[1] ?? 0) % sentences.length;
  for (let index = 0; index < count; index += 1) yield sentences[(start + index * 3) % sentences.length] ?? '';
}
