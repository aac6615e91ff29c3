import { isAllowedHost } from '@base/shared/contracts/allowed-hosts';
import { completeChat } from '../chat/complete-chat.ts';
import { createSdk, exchangeJson, requestOptions } from '../chat/openai-sdk.ts';
import { judgeKey } from '../judge-exchange.ts';
import type { Provider, SubmitRequest, SubmitResult } from '../provider.ts';
import { statusOfError, translateError } from './translate-error.ts';

export interface OpenaiCompatibleOptions {
  apiKey: string;
  baseUrl: string;
  /** Where an organization's own endpoint may be. */
  allowedHosts: readonly string[];
  /** The operator's own endpoint, allowed anywhere. */
  ownBaseUrl?: string | undefined;
  /** Longest wait for the next event of a text. */
  timeoutMs?: number;
}

/** Below the 300 s after which Node gives up on a silent answer by itself. */
const timeoutMsDefault = 240_000;

/**
 * Hugging Face's proxy holds a request so long while a machine starts, then answers 503. Well below our own patience, so
 * that the outcome is never unknown for that. https://huggingface.co/docs/inference-endpoints/guides/autoscaling
 */
const scaleUpSeconds = 200;

/** A server of open models (TGI, vLLM …) that speaks the chat protocol of OpenAI, at an address that somebody chose. */
export function createOpenaiCompatible(options: OpenaiCompatibleOptions): Provider {
  const { apiKey, baseUrl, allowedHosts, ownBaseUrl, timeoutMs = timeoutMsDefault } = options;
  const isAllowed = isAllowedHost(baseUrl, allowedHosts, ownBaseUrl);
  // Only the host: an address may hold a password.
  const detail = `no endpoint is allowed at ${URL.canParse(baseUrl) ? new URL(baseUrl).host : 'an address that is none'}`;
  const sdk = createSdk({ apiKey, baseUrl, timeoutMs, headers: { 'X-Scale-Up-Timeout': String(scaleUpSeconds) } });
  const submit = async (request: SubmitRequest): Promise<SubmitResult> => {
    if (!isAllowed) return { kind: 'rejected', failure: { code: 'provider_auth', detail } };
    // Every server knows `max_tokens`, only newer ones its new name.
    const { max_completion_tokens: max_tokens, ...input } = request.input;
    const body = { ...input, max_tokens };
    const costOf = () => undefined;
    return completeChat(request, { sdk, apiKey, timeoutMs, body, translateError, statusOfError, costOf });
  };
  return {
    id: 'openai-compatible',
    callsBack: false,
    submit,
    poll: async () => ({ kind: 'gone' }),
    checkKey: async (request) => {
      if (!isAllowed) return { isValid: false, detail };
      return judgeKey(
        await exchangeJson(apiKey, timeoutMs, request, (context) => sdk.get('/models', requestOptions(context))),
      );
    },
    isOutputHost: () => false,
  };
}
