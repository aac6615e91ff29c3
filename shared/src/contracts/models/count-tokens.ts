import { createRequire } from 'node:module';

/** A message as chat models take it, text only. */
export interface ChatMessage {
  role: string;
  content: string | readonly { text: string }[];
  name?: string | undefined;
}

/** What a text model reads: the part of its input that counts. */
export interface TextInput {
  messages?: readonly ChatMessage[] | undefined;
  input?: string | readonly ChatMessage[] | undefined;
  instructions?: string | undefined;
  response_format?: unknown;
  text?: { format?: unknown } | undefined;
}

/** Counted to the token up to here: 3 ms for English, a tenth of a second for as many ideographs without a break. */
const exactCharactersMax = 50_000;
/** The tokenizer's time grows with the square of a run that has no break in it; a cut adds one token at most. */
const runCharactersMax = 64;
const longRuns = new RegExp(
  `[\\p{L}\\p{M}]{${runCharactersMax},}|[^\\s\\p{L}\\p{N}]{${runCharactersMax},}|\\s{${runCharactersMax},}`,
  'gu',
);
const samplesCount = 50;
const sampleCharacters = exactCharactersMax / samplesCount;
const sampleMargin = 1.1;

/** https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken: three a message, one for a name, three to begin the answer. */
const tokensPerMessage = 3;
const tokensPerName = 1;
const tokensPerAnswer = 3;

/** What providers put around a conversation: date, channel, how to write JSON. */
const ownMargin = 32;
const foreignMargin = 128;
/**
 * Other makers' vocabularies are not here to count with; a quarter more leaves room for those that cut text into smaller
 * pieces. What is read beyond that is the platform's loss and never the customer's.
 */
const foreignFactor = 1.25;

/**
 * Counts the tokens of a text by OpenAI's o200k: to the token up to 50,000 characters, beyond that by samples from all of
 * it and 10 % more, so that 1 MB does not hold up the process. The first call takes a fifth of a second and 75 MB.
 */
export function countTokens(text: string): number {
  return text.length <= exactCharactersMax ? countExactly(text) : extrapolate(text);
}

/** Counts a conversation as chat models are given it, with what the protocol adds to each message. */
export function countChatTokens(messages: readonly ChatMessage[]): number {
  let overhead = tokensPerAnswer;
  // One text, so that many short messages do not escape the limit for exact counting.
  const words: string[] = [];
  for (const { role, content, name } of messages) {
    overhead += tokensPerMessage;
    words.push(role, typeof content === 'string' ? content : content.map(({ text }) => text).join('\n'));
    if (name !== undefined) {
      overhead += tokensPerName;
      words.push(name);
    }
  }
  return overhead + countTokens(words.join('\n'));
}

/** Counts everything that a text model reads of its input: messages or input, instructions and the schema of the answer. */
export function countInputTokens(input: TextInput): number {
  const { messages = [], input: given = [], instructions, response_format, text } = input;
  const asked = typeof given === 'string' ? [{ role: 'user', content: given }] : given;
  const system = instructions === undefined ? [] : [{ role: 'system', content: instructions }];
  const format = response_format ?? text?.format;
  const schema = format === undefined ? 0 : countTokens(JSON.stringify(format));
  return countChatTokens([...system, ...messages, ...asked]) + schema;
}

/**
 * The most that a provider may count as read.
 * @param tokenizer `own` for models of OpenAI, whose tokens are counted here; `foreign` for all others
 */
export function inputTokensMax(input: TextInput, tokenizer: 'own' | 'foreign'): number {
  const counted = countInputTokens(input);
  return tokenizer === 'own' ? counted + ownMargin : Math.ceil(counted * foreignFactor) + foreignMargin;
}

function countExactly(text: string): number {
  let count = 0;
  let from = 0;
  for (const { 0: run, index } of text.matchAll(longRuns)) {
    count += encode(text.slice(from, index));
    for (let at = 0; at < run.length; at += runCharactersMax) count += encode(run.slice(at, at + runCharactersMax));
    from = index + run.length;
  }
  return count + encode(text.slice(from));
}

/** Each of 50 stretches is taken to be as dense as its beginning. A token is one byte at least, so bytes are the ceiling. */
function extrapolate(text: string): number {
  const stretch = Math.ceil(text.length / samplesCount);
  let estimate = 0;
  for (let at = 0; at < text.length; at += stretch) {
    const sample = text.slice(at, Math.min(at + sampleCharacters, at + stretch));
    const bytes = Buffer.byteLength(text.slice(at, at + stretch));
    estimate += (countExactly(sample) / Buffer.byteLength(sample)) * bytes;
  }
  return Math.min(Math.ceil(estimate * sampleMargin), Buffer.byteLength(text));
}

/** What looks like a control token is text here, as it is for the provider. */
const asText = { disallowedSpecial: new Set<string>() };
let tokenizer: typeof import('gpt-tokenizer/encoding/o200k_base') | undefined;

function encode(text: string): number {
  if (text === '') return 0;
  if (!tokenizer) {
    // Loaded when the first text is counted: most processes never do, and counting cannot wait for a promise.
    const loaded: typeof import('gpt-tokenizer/encoding/o200k_base') = createRequire(import.meta.url)(
      'gpt-tokenizer/encoding/o200k_base',
    );
    // Its cache of words would keep the whole texts that they are slices of.
    loaded.setMergeCacheSize(0);
    tokenizer = loaded;
  }
  return tokenizer.countTokens(text, asText);
}
