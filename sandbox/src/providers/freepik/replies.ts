import { jsonType, type Violation } from '../../field-rules.ts';
import type { Reply } from '../../send-reply.ts';
import type { ProviderVoice } from '../provider.ts';

export const freepikVoice: ProviderVoice = {
  name: 'freepik',
  // The second name is that of the API before it was renamed.
  readKey: (req) => req.get('x-magnific-api-key') || req.get('x-freepik-api-key') || null,
  missingKey: () => message(401, 'Missing API key'),
  invalidKey: () => message(401, 'Invalid API key'),
  notJson: () => message(400, 'The request body is not valid JSON'),
  throttled: () => message(429, 'Too many requests'),
  billingBlocked: () => message(402, 'Insufficient credits'),
  serverError: () => message(500, 'Internal Server Error'),
  unavailable: () => message(503, 'Service Unavailable. Please try again later.'),
};

/** `{message}`, as the API answers most errors. */
export function message(status: number, text: string): Reply {
  return { status, body: { message: text } };
}

export interface InvalidParam {
  name: string;
  reason: string;
}

/** 400 with the list of what did not validate. */
export function invalidParams(params: readonly InvalidParam[]): Reply {
  return {
    status: 400,
    headers: { 'content-type': 'application/problem+json' },
    body: { problem: { message: "Your request parameters didn't validate.", invalid_params: params } },
  };
}

export function describeViolation({ kind, path, rule, value }: Violation): InvalidParam {
  const name = path.join('.');
  switch (kind) {
    case 'unknown':
      return { name, reason: `Parameter '${name}' is not allowed` };
    case 'required':
      return { name, reason: `Parameter '${name}' is required` };
    case 'type':
      return { name, reason: `Parameter '${name}' must be of type ${rule?.type}, ${jsonType(value)} given` };
    case 'enum':
      return { name, reason: `Parameter '${name}' must be one of: ${(rule?.values ?? []).join(', ')}` };
    case 'min':
      return { name, reason: `Parameter '${name}' must be greater than or equal to ${rule?.min}` };
    case 'max':
      return { name, reason: `Parameter '${name}' must be less than or equal to ${rule?.max}` };
    case 'length_min':
      return { name, reason: `Parameter '${name}' must have at least ${rule?.min} elements` };
    case 'length_max':
      return { name, reason: `Parameter '${name}' must have at most ${rule?.max} elements` };
    case 'pattern':
    case 'multiple':
      return { name, reason: `Parameter '${name}' is not valid` };
    default:
      return kind satisfies never;
  }
}
