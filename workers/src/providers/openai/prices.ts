import type { ImagesUsage } from './schemas.ts';

/**
 * What OpenAI takes, by https://developers.openai.com/api/docs/pricing and the pages of the models. Per million tokens in
 * thousandths of a USD, so that tokens times price are whole billionths of a USD.
 */
const nanoPerUsd = 1_000_000_000;

interface TextPrice {
  input: number;
  cachedInput: number;
  cacheWrite: number;
  output: number;
  /** Beyond this many tokens read, everything costs more. */
  long?: { from: number; inputFactor: number; outputFactor: number };
}

const textPrices: Readonly<Record<string, TextPrice>> = {
  'gpt-6-luna': {
    input: 100,
    cachedInput: 10,
    cacheWrite: 125,
    output: 500,
    long: { from: 272_000, inputFactor: 2, outputFactor: 1.5 },
  },
  'gpt-4.1-mini': { input: 400, cachedInput: 100, cacheWrite: 400, output: 1_600 },
};

/** 1.5: by its prices per picture and tokens per picture in the image generation guide. */
const imagePrices: Readonly<Record<string, { textInput: number; imageOutput: number }>> = {
  'gpt-image-2': { textInput: 5_000, imageOutput: 30_000 },
  'gpt-image-2.5-flare': { textInput: 5_000, imageOutput: 30_000 },
  'gpt-image-2.5-sunburst': { textInput: 5_000, imageOutput: 30_000 },
  'gpt-image-2.6-sunburst': { textInput: 5_000, imageOutput: 30_000 },
  'gpt-image-1.5': { textInput: 5_000, imageOutput: 32_000 },
  'gpt-image-1-mini': { textInput: 2_000, imageOutput: 8_000 },
};

/** Per million characters. */
const speechPrices: Readonly<Record<string, number>> = { 'tts-1': 15_000, 'tts-1-hd': 30_000 };

export interface TextTokens {
  input: number;
  /** Of `input`. */
  cached: number;
  /** Of `input`. */
  written: number;
  output: number;
}

/** What a text cost in USD; undefined when the model's price is not documented. */
export function textCost(model: string, tokens: TextTokens): string | undefined {
  const price = textPrices[model];
  if (!price) return undefined;
  const fresh = Math.max(0, tokens.input - tokens.cached - tokens.written);
  const read = fresh * price.input + tokens.cached * price.cachedInput + tokens.written * price.cacheWrite;
  const wrote = tokens.output * price.output;
  const { inputFactor, outputFactor } =
    price.long && tokens.input > price.long.from ? price.long : { inputFactor: 1, outputFactor: 1 };
  return usd(read * inputFactor + wrote * outputFactor);
}

/** What pictures cost in USD; undefined when tokens were used whose price is not documented. */
export function imagesCost(model: string, usage: ImagesUsage): string | undefined {
  const price = imagePrices[model];
  const imageInput = usage.input_tokens_details?.image_tokens ?? 0;
  const textOutput = usage.output_tokens_details?.text_tokens ?? 0;
  if (!price || imageInput > 0 || textOutput > 0) return undefined;
  return usd(usage.input_tokens * price.textInput + usage.output_tokens * price.imageOutput);
}

/** What speech cost in USD; undefined for models that are billed by tokens, which a sound does not tell. */
export function speechCost(model: string, characters: number): string | undefined {
  const price = speechPrices[model];
  return price === undefined ? undefined : usd(characters * price);
}

function usd(nano: number): string {
  return (nano / nanoPerUsd).toFixed(6);
}
