import { type FieldRule, jsonType, type Violation } from '../../field-rules.ts';
import type { Reply } from '../../send-reply.ts';
import { type ProviderVoice, readBearerToken } from '../provider.ts';

export const openaiVoice: ProviderVoice = {
  name: 'openai',
  readKey: readBearerToken,
  missingKey: () =>
    failure(401, {
      message:
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    }),
  invalidKey: (key) =>
    failure(401, {
      message: `Incorrect API key provided: ${maskKey(key)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
      code: 'invalid_api_key',
    }),
  notJson: () => failure(400, { message: 'We could not parse the JSON body of your request.' }),
  throttled: () =>
    failure(429, {
      message: 'Rate limit reached. Please try again later.',
      type: 'requests',
      code: 'rate_limit_exceeded',
    }),
  // OpenAI has no 402: an empty account is a 429 that no waiting helps against.
  billingBlocked: () =>
    failure(429, {
      message: 'You exceeded your current quota, please check your plan and billing details.',
      type: 'insufficient_quota',
      code: 'insufficient_quota',
    }),
  serverError: () =>
    failure(500, {
      message: 'The server had an error while processing your request. Sorry about that!',
      type: 'server_error',
    }),
  unavailable: () =>
    failure(503, {
      message: 'The engine is currently overloaded, please try again later.',
      type: 'service_unavailable_error',
    }),
};

interface Failure {
  message: string;
  type?: string;
  param?: string;
  code?: string;
}

/** `{error: {message, type, param, code}}`; the type is `invalid_request_error` unless given. */
export function failure(status: number, { message, type = 'invalid_request_error', param, code }: Failure): Reply {
  return { status, body: { error: { message, type, param: param ?? null, code: code ?? null } } };
}

/** What OpenAI says for models that never were and for those that were shut down. */
export function modelNotFound(model: string): Reply {
  return failure(404, {
    message: `The model '${model}' does not exist or you do not have access to it.`,
    param: 'model',
    code: 'model_not_found',
  });
}

export function moderationBlocked(requestId: string): Reply {
  return failure(400, {
    message: `Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com and include the request ID ${requestId}.`,
    type: 'image_generation_user_error',
    code: 'moderation_blocked',
  });
}

/** What OpenAI says to a text that breaks its usage policy. */
export function invalidPrompt(): Reply {
  return failure(400, {
    message:
      'Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting',
    code: 'invalid_prompt',
  });
}

/** For what OpenAI documents and the sandbox cannot do, or the model cannot. */
export function unsupportedValue(param: string, message: string): Reply {
  return failure(400, { message, param, code: 'unsupported_value' });
}

export function invalidValue(param: string, value: unknown, supported: readonly string[]): Reply {
  const quoted = supported.map((allowed) => `'${allowed}'`);
  const list = quoted.length > 1 ? `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}` : quoted.join('');
  return failure(400, {
    message: `Invalid value: '${value}'. Supported values are: ${list}.`,
    param,
    code: 'invalid_value',
  });
}

/** OpenAI reports the first violation only. */
export function invalidField({ kind, path, rule, value }: Violation): Reply {
  const param = path.join('.');
  switch (kind) {
    case 'unknown':
      return failure(400, { message: `Unknown parameter: '${param}'.`, param, code: 'unknown_parameter' });
    case 'required':
      return failure(400, {
        message: `Missing required parameter: '${param}'.`,
        param,
        code: 'missing_required_parameter',
      });
    case 'type':
      return failure(400, {
        message: `Invalid type for '${param}': expected ${article(rule?.type)}, but got ${article(jsonType(value))} instead.`,
        param,
        code: 'invalid_type',
      });
    case 'enum':
      return invalidValue(param, value, rule?.values ?? []);
    case 'min':
      return outOfRange(param, rule, 'below minimum', `>= ${rule?.min}`, value);
    case 'max':
      return outOfRange(param, rule, 'above maximum', `<= ${rule?.max}`, value);
    case 'length_min':
      if (Array.isArray(value)) return emptyArray(param);
      return failure(400, {
        message: `Invalid '${param}': empty string. Expected a string with minimum length ${rule?.min}, but got an empty string instead.`,
        param,
        code: 'empty_string',
      });
    case 'length_max':
      if (Array.isArray(value)) return longArray(param, rule, value);
      return failure(400, {
        message: `Invalid '${param}': string too long. Expected a string with maximum length ${rule?.max}, but got a string with length ${String(value).length} instead.`,
        param,
        code: 'string_above_max_length',
      });
    case 'pattern':
    case 'multiple':
      return failure(400, { message: `Invalid value: '${value}'.`, param, code: 'invalid_value' });
    default:
      return kind satisfies never;
  }
}

function outOfRange(param: string, rule: FieldRule | null, side: string, expected: string, value: unknown): Reply {
  const type = rule?.type === 'number' ? 'decimal' : 'integer';
  const message = `Invalid '${param}': ${type} ${side} value. Expected a value ${expected}, but got ${value} instead.`;
  const code = `${type}_${side === 'below minimum' ? 'below_min' : 'above_max'}_value`;
  return failure(400, { message, param, code });
}

function emptyArray(param: string): Reply {
  return failure(400, {
    message: `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
    param,
    code: 'empty_array',
  });
}

function longArray(param: string, rule: FieldRule | null, value: unknown[]): Reply {
  return failure(400, {
    message: `Invalid '${param}': array too long. Expected an array with maximum length ${rule?.max}, but got an array with length ${value.length} instead.`,
    param,
    code: 'array_above_max_length',
  });
}

function article(type: string | undefined): string {
  if (type === 'number') return 'a decimal';
  return type && /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function maskKey(key: string): string {
  return key.length > 12 ? `${key.slice(0, 8)}********${key.slice(-4)}` : key;
}
