import { jsonType, type Violation } from '../../field-rules.ts';
import type { Reply } from '../../send-reply.ts';
import { type ProviderVoice, readBearerToken } from '../provider.ts';

export const replicateVoice: ProviderVoice = {
  name: 'replicate',
  readKey: readBearerToken,
  missingKey: () => problem(401, 'Unauthenticated', 'You did not pass an authentication token'),
  invalidKey: () => problem(401, 'Unauthenticated', 'You did not pass a valid authentication token'),
  notJson: () => problem(400, 'Bad request', 'The request body is not valid JSON.'),
  throttled: () => ({
    status: 429,
    body: { detail: 'Request was throttled. Your rate limit resets in ~30s.', status: 429 },
  }),
  billingBlocked: () =>
    problem(
      402,
      'Insufficient credit',
      'You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to purchase credit.',
    ),
  serverError: () => problem(500, 'Internal server error', 'An internal error occurred.'),
  unavailable: () => problem(503, 'Service unavailable', 'The service is temporarily unavailable.'),
};

/** `{title, detail, status}`, as the API answers most errors. */
export function problem(status: number, title: string, detail: string): Reply {
  return { status, body: { title, detail, status } };
}

export function notFound(): Reply {
  return { status: 404, body: { detail: 'The requested resource could not be found.', status: 404 } };
}

export function unknownVersion(): Reply {
  return problem(
    422,
    'Invalid version or not permitted',
    "The specified version does not exist (or perhaps you don't have permission to use it?)",
  );
}

export interface InvalidField {
  type: string;
  field: string;
  description: string;
}

/** 422 with one line per field and the same again in `invalid_fields`. */
export function invalidFields(fields: readonly InvalidField[]): Reply {
  const detail = fields.map(({ field, description }) => `- ${field}: ${description}\n`).join('');
  return { status: 422, body: { title: 'Input validation failed', detail, status: 422, invalid_fields: fields } };
}

export function describeViolation({ kind, path, rule, value }: Violation): InvalidField {
  const name = String(path.at(-1));
  const field = path.join('.');
  // Missing and superfluous fields are reported on the object that should, or should not, hold them.
  const holder = path.slice(0, -1).join('.') || '(root)';
  switch (kind) {
    case 'required':
      return { type: 'required', field: holder, description: `${name} is required` };
    case 'unknown':
      return {
        type: 'additional_property_not_allowed',
        field: holder,
        description: `Additional property ${name} is not allowed`,
      };
    case 'type':
      return {
        type: 'invalid_type',
        field,
        description: `Invalid type. Expected: ${rule?.type}, given: ${jsonType(value)}`,
      };
    case 'enum': {
      const values = (rule?.values ?? []).map((allowed) => `"${allowed}"`).join(', ');
      return { type: 'enum', field, description: `${name} must be one of the following: ${values}` };
    }
    case 'min':
      return { type: 'number_gte', field, description: `Must be greater than or equal to ${rule?.min}` };
    case 'max':
      return { type: 'number_lte', field, description: `Must be less than or equal to ${rule?.max}` };
    case 'multiple':
      return { type: 'multiple_of', field, description: `Must be a multiple of ${rule?.multipleOf}` };
    case 'pattern':
      return { type: 'format', field, description: "Does not match format 'uri'" };
    case 'length_min':
    case 'length_max':
      return { type: 'length', field, description: 'Length is out of range' };
    default:
      return kind satisfies never;
  }
}
