import type OpenAI from 'openai';

/** What the calls of this provider share. */
export interface OpenaiApi {
  sdk: OpenAI;
  apiKey: string;
  timeoutMs: number;
}
