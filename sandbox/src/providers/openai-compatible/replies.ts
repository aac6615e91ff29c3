import { jsonType, type Violation } from '../../field-rules.ts';
import type { Reply } from '../../send-reply.ts';
import { type ProviderVoice, readBearerToken } from '../provider.ts';

export const compatibleVoice: ProviderVoice = {
  name: 'openai-compatible',
  readKey: readBearerToken,
  missingKey: () => failure(401, 'Unauthorized'),
  invalidKey: () => failure(401, 'Unauthorized'),
  notJson: () => failure(422, 'Failed to parse the request body as JSON', 'Input validation error'),
  throttled: () => failure(429, 'Model is overloaded', 'overloaded'),
  billingBlocked: () => failure(402, 'Payment required to resume this endpoint'),
  serverError: () => failure(500, 'Request failed during generation: Server error', 'generation'),
  // What stands before a machine says so while it starts.
  unavailable: () => failure(503, '503 Service Unavailable'),
};

/** `{error}`, with the kind of error where the server of the model speaks and not what stands before it. */
export function failure(status: number, message: string, type?: string): Reply {
  return { status, body: { error: message, ...(type !== undefined && { error_type: type }) } };
}

export function invalidField({ kind, path, rule, value }: Violation): Reply {
  const name = path.join('.');
  return failure(422, `Input validation error: ${describe(kind, name, rule, value)}`, 'validation');
}

function describe(kind: Violation['kind'], name: string, rule: Violation['rule'], value: unknown): string {
  switch (kind) {
    case 'unknown':
      return `unknown field \`${name}\``;
    case 'required':
      return `missing field \`${name}\``;
    case 'type':
      return `invalid type of \`${name}\`: ${jsonType(value)}, expected ${rule?.type}`;
    case 'enum':
      return `unknown variant \`${value}\` of \`${name}\`, expected one of ${(rule?.values ?? []).join(', ')}`;
    case 'min':
    case 'length_min':
      return `\`${name}\` must be >= ${rule?.min}`;
    case 'max':
    case 'length_max':
      return `\`${name}\` must be <= ${rule?.max}`;
    case 'pattern':
    case 'multiple':
      return `\`${name}\` is not valid`;
    default:
      return kind satisfies never;
  }
}
