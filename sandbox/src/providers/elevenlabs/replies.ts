import { jsonType, type Violation } from '../../field-rules.ts';
import type { Reply } from '../../send-reply.ts';
import type { ProviderVoice } from '../provider.ts';

export const elevenlabsVoice: ProviderVoice = {
  name: 'elevenlabs',
  readKey: (req) => req.get('xi-api-key') || null,
  missingKey: () => detail(401, 'needs_authorization', 'Neither authorization header nor xi-api-key received.'),
  invalidKey: () => detail(401, 'invalid_api_key', 'Invalid API key'),
  notJson: () => invalid([{ loc: ['body', 0], msg: 'JSON decode error', type: 'json_invalid' }]),
  throttled: () =>
    detail(
      429,
      'too_many_concurrent_requests',
      'Too many concurrent requests. Your current subscription is associated with a maximum of 10 concurrent requests (running in parallel).',
    ),
  // The provider has no 402: who has no credits left is not authorized.
  billingBlocked: () =>
    detail(
      401,
      'quota_exceeded',
      'This request exceeds your quota of 500000. You have 0 credits remaining, while more credits are required for this request.',
    ),
  serverError: () => detail(500, 'internal_server_error', 'An internal error occurred.'),
  unavailable: () => detail(503, 'service_unavailable', 'The service is temporarily unavailable.'),
  overloaded: () =>
    detail(429, 'system_busy', 'Our services are experiencing heavy traffic. Please try again in a few moments.'),
};

/** `{detail: {status, message}}`, as the API answers most errors. */
export function detail(status: number, name: string, message: string): Reply {
  return { status, body: { detail: { status: name, message } } };
}

export interface InvalidField {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** 422 with the list of what did not validate. */
export function invalid(fields: readonly InvalidField[]): Reply {
  return { status: 422, body: { detail: fields } };
}

export function voiceNotFound(id: string): Reply {
  return detail(404, 'voice_not_found', `A voice with the voice_id ${id} was not found.`);
}

export function modelNotFound(id: string): Reply {
  return detail(400, 'model_not_found', `A model with model ID ${id} does not exist`);
}

export function textTooLong(characters: number, charactersMax: number): Reply {
  return detail(
    400,
    'max_character_limit_exceeded',
    `This request's text has ${characters} characters and exceeds the character limit of ${charactersMax} characters.`,
  );
}

export function describeViolation({ kind, path, rule, value }: Violation): InvalidField {
  const loc = ['body', ...path];
  switch (kind) {
    case 'unknown':
      return { loc, msg: 'Extra inputs are not permitted', type: 'extra_forbidden' };
    case 'required':
      return { loc, msg: 'Field required', type: 'missing' };
    case 'type':
      return { loc, msg: `Input should be a valid ${rule?.type}, not ${jsonType(value)}`, type: `${rule?.type}_type` };
    case 'enum':
      return { loc, msg: `Input should be one of: ${(rule?.values ?? []).join(', ')}`, type: 'enum' };
    case 'min':
      return { loc, msg: `Input should be greater than or equal to ${rule?.min}`, type: 'greater_than_equal' };
    case 'max':
      return { loc, msg: `Input should be less than or equal to ${rule?.max}`, type: 'less_than_equal' };
    case 'length_min':
      return { loc, msg: `Input should have at least ${rule?.min} items or characters`, type: 'too_short' };
    case 'length_max':
      return { loc, msg: `Input should have at most ${rule?.max} items or characters`, type: 'too_long' };
    case 'pattern':
    case 'multiple':
      return { loc, msg: 'Input is not valid', type: 'value_error' };
    default:
      return kind satisfies never;
  }
}
