import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosResponse, isAxiosError } from 'axios';
import type * as z from 'zod';
import { GatewayError, type GatewayErrorKind } from '../gateway-error.ts';
import { parseAsaasJson } from './amount.ts';

export interface AsaasOptions {
  /** Production keys begin with `$aact_prod_`. */
  apiKey: string;
  /** `https://api.asaas.com/v3`, or `https://api-sandbox.asaas.com/v3`. */
  baseUrl: string;
  /** Asaas refuses requests without one. */
  userAgent: string;
  /** Longest wait for a whole answer. Asaas asks for 60 s where a card is charged. */
  timeoutMs: number;
}

export interface AsaasRequest<Schema extends z.ZodType> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  params?: Record<string, string | number>;
  data?: Record<string, unknown>;
  answer: Schema;
}

/** Sends one request, once. Throws nothing but `GatewayError`. */
export type AsaasSend = <Schema extends z.ZodType>(request: AsaasRequest<Schema>) => Promise<z.output<Schema>>;

/** Who we are: Asaas refuses requests that do not say so. */
export const asaasUserAgent = 'base/0.1.0';

const answerBytesMax = 5 * 1024 * 1024;
const descriptionsMax = 500;
/** The connection was never made, so Asaas has seen nothing. */
const notSentCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** A connection of its own for each change: a reset on a reused, stale one would leave its outcome unknown. */
const changeAgents = {
  httpAgent: new HttpAgent({ keepAlive: false }),
  httpsAgent: new HttpsAgent({ keepAlive: false }),
};

/** Makes the sender of requests to one account. Nothing is ever repeated here. */
export function createAsaasSend({ apiKey, baseUrl, userAgent, timeoutMs }: AsaasOptions): AsaasSend {
  const http = axios.create({
    baseURL: baseUrl,
    headers: { Accept: 'application/json', access_token: apiKey, 'User-Agent': userAgent },
    // A followed redirect would repeat the request, or carry the key elsewhere.
    maxRedirects: 0,
    proxy: false,
    maxContentLength: answerBytesMax,
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (text: unknown) => text,
  });
  const scrub = (text: string) => text.replaceAll(apiKey, '[key]').slice(0, descriptionsMax);
  return async ({ method, path, params, data, answer }) => {
    const isChange = method !== 'GET';
    const label = `Asaas ${method} ${path}`;
    const unclear: GatewayErrorKind = isChange ? 'unknown_outcome' : 'unavailable';
    let response: AxiosResponse<unknown>;
    try {
      response = await http.request<unknown>({
        method,
        url: path,
        signal: AbortSignal.timeout(timeoutMs),
        ...(params && { params }),
        ...(data && { data }),
        ...(isChange && changeAgents),
      });
    } catch (error) {
      // The error of axios itself holds the headers, and with them the key: only its code goes on.
      const code = (isAxiosError(error) && error.code) || 'failed';
      throw new GatewayError(notSentCodes.has(code) ? 'unavailable' : unclear, `${label}: no answer (${code})`);
    }
    if (response.status >= 300) throw translateError(response, label, unclear, scrub);
    const parsed = answer.safeParse(parseAnswer(response.data));
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues.map(({ path: field }) => field.join('.') || '(all)').join(', ');
    throw new GatewayError(unclear, scrub(`${label}: ${response.status} with an unexpected answer: ${where}`));
  };
}

function translateError(
  { status, headers, data }: AxiosResponse<unknown>,
  label: string,
  unclear: GatewayErrorKind,
  scrub: (text: string) => string,
): GatewayError {
  const errors = readErrors(data);
  const codes = errors.map(({ code }) => code);
  const details = errors.map(({ code, description }) => `${code}: ${description}`).join('; ');
  // The state of the limit is told with every answer; it means waiting only when the limit is used up.
  const resetSeconds = status === 429 ? readSeconds(headers['ratelimit-reset']) : undefined;
  const retryAfterSeconds = readSeconds(headers['retry-after']) ?? resetSeconds;
  return new GatewayError(kindOf(status, unclear), scrub(`${label}: ${status} ${details}`.trim()), {
    codes,
    retryAfterSeconds,
  });
}

function kindOf(status: number, unclear: GatewayErrorKind): GatewayErrorKind {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404) return 'not_found';
  if (status === 429) return 'rate_limited';
  return status >= 400 && status < 500 && status !== 408 ? 'invalid' : unclear;
}

function parseAnswer(text: unknown): unknown {
  try {
    return typeof text === 'string' ? parseAsaasJson(text) : undefined;
  } catch {
    return undefined; // A broken answer fails the schema like any other that is not what was expected.
  }
}

/** `{errors: [{code, description}]}`; empty when the answer is something else, a proxy's page for example. */
function readErrors(text: unknown): { code: string; description: string }[] {
  const body = parseAnswer(text);
  const errors: unknown = typeof body === 'object' && body !== null && 'errors' in body ? body.errors : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.flatMap((error: unknown) => {
    if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string') return [];
    const description = 'description' in error && typeof error.description === 'string' ? error.description : '';
    return [{ code: error.code, description }];
  });
}

function readSeconds(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}
