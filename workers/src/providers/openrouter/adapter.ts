import type { ChatUsage } from '../chat/chat-chunk.ts';
import { completeChat } from '../chat/complete-chat.ts';
import { createSdk, exchangeJson, requestOptions } from '../chat/openai-sdk.ts';
import { judgeKey } from '../judge-exchange.ts';
import type { Provider, SubmitRequest, SubmitResult } from '../provider.ts';
import { statusOfError, translateError } from './translate-error.ts';

export interface OpenrouterOptions {
  apiKey: string;
  baseUrl: string;
  /** Longest wait for the next event of a text. */
  timeoutMs?: number;
}

/** By our names. */
const slugs: Readonly<Record<string, string>> = {
  'llama-4-maverick': 'meta-llama/llama-4-maverick',
  'claude-sonnet-4.5': 'anthropic/claude-sonnet-4.5',
  'gemini-2.5-flash': 'google/gemini-2.5-flash',
};

/** Below the 300 s after which Node gives up on a silent answer by itself. */
const timeoutMsDefault = 240_000;

/** OpenRouter: text models of many makers by the chat protocol of OpenAI, with the cost in each answer. */
export function createOpenrouter({ apiKey, baseUrl, timeoutMs = timeoutMsDefault }: OpenrouterOptions): Provider {
  const sdk = createSdk({ apiKey, baseUrl, timeoutMs });
  const submit = async (request: SubmitRequest): Promise<SubmitResult> => {
    const model = slugs[request.model];
    if (!model) return { kind: 'rejected', failure: { code: 'model_gone', detail: `no model ${request.model} here` } };
    const body = { model, ...request.input };
    return completeChat(request, { sdk, apiKey, timeoutMs, body, translateError, statusOfError, costOf });
  };
  return {
    id: 'openrouter',
    callsBack: false,
    submit,
    poll: async () => ({ kind: 'gone' }),
    checkKey: async (request) =>
      judgeKey(await exchangeJson(apiKey, timeoutMs, request, (context) => sdk.get('/key', requestOptions(context)))),
    isOutputHost: () => false,
  };
}

function costOf({ cost }: ChatUsage): string | undefined {
  return typeof cost === 'number' ? cost.toFixed(6) : undefined;
}
