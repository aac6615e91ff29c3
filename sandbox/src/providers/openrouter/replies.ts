import { jsonType, type Violation } from '../../field-rules.ts';
import type { Reply } from '../../send-reply.ts';
import { type ProviderVoice, readBearerToken } from '../provider.ts';

export const openrouterVoice: ProviderVoice = {
  name: 'openrouter',
  readKey: readBearerToken,
  missingKey: () => failure(401, 'No auth credentials found'),
  invalidKey: () => failure(401, 'User not found.'),
  notJson: () => failure(400, 'Invalid JSON in request body'),
  throttled: () => failure(429, 'Rate limit exceeded'),
  billingBlocked: () => failure(402, 'Insufficient credits. Add more using https://openrouter.ai/settings/credits'),
  serverError: () => failure(500, 'Internal Server Error'),
  unavailable: () => failure(503, 'No available model provider that meets your routing requirements'),
  overloaded: () => failure(529, 'Provider returned error: the model is overloaded'),
};

/** `{error: {code, message}}`, where the code repeats the status. */
export function failure(status: number, message: string, metadata?: Record<string, unknown>): Reply {
  return { status, body: { error: { code: status, message, ...(metadata && { metadata }) } } };
}

export function invalidModel(model: string): Reply {
  return failure(400, `${model} is not a valid model ID`);
}

export function flagged(model: string, input: string): Reply {
  return failure(403, 'Your chosen model requires moderation and your input was flagged', {
    reasons: ['violence'],
    flagged_input: input.slice(0, 100),
    provider_name: 'Sandbox',
    model_slug: model,
  });
}

export function invalidField({ kind, path, rule, value }: Violation): Reply {
  return failure(400, `${path.join('.')}: ${reasonFor(kind, rule, value)}`);
}

function reasonFor(kind: Violation['kind'], rule: Violation['rule'], value: unknown): string {
  switch (kind) {
    case 'unknown':
      return 'Unrecognized key';
    case 'required':
      return 'Required';
    case 'type':
      return `Invalid input: expected ${rule?.type}, received ${jsonType(value)}`;
    case 'enum':
      return `Invalid option: expected one of ${(rule?.values ?? []).join(', ')}`;
    case 'min':
    case 'length_min':
      return `Too small: expected at least ${rule?.min}`;
    case 'max':
    case 'length_max':
      return `Too big: expected at most ${rule?.max}`;
    case 'pattern':
    case 'multiple':
      return 'Invalid input';
    default:
      return kind satisfies never;
  }
}
