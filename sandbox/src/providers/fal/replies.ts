import type { Request } from 'express';
import { jsonType, type Violation } from '../../field-rules.ts';
import type { Reply } from '../../send-reply.ts';
import type { ProviderVoice } from '../provider.ts';

export const falVoice: ProviderVoice = {
  name: 'fal',
  readKey,
  missingKey: () => detail(401, 'Authentication is required to access this application.'),
  invalidKey: () => detail(401, 'No user found for Key ID and Secret'),
  notJson: () => invalid([{ loc: ['body'], msg: 'JSON decode error', type: 'json_invalid' }]),
  throttled: () => detail(429, 'Too many requests. Please try again later.'),
  // fal has no 402: an empty account is locked.
  billingBlocked: () =>
    detail(403, 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.'),
  serverError: () => detail(500, 'Internal Server Error'),
  unavailable: () =>
    requestError(503, 'runner_scheduling_failure', 'No runner could be allocated to handle the request.'),
};

/** `{detail}`, as the queue itself answers errors. */
export function detail(status: number, text: string): Reply {
  return { status, body: { detail: text } };
}

/** The same with a machine-readable type, for what the machinery around a model reports. */
export function requestError(status: number, type: string, text: string): Reply {
  return { status, headers: { 'x-fal-error-type': type }, body: { detail: text, error_type: type } };
}

/** A request that is not the caller's, or not of that app, is not found. */
export function requestNotFound(): Reply {
  return { status: 404, body: { status: 'NOT_FOUND' } };
}

export interface InvalidField {
  loc: (string | number)[];
  msg: string;
  type: string;
  ctx?: Record<string, unknown>;
  input?: unknown;
}

/** 422 with a list of what is wrong. */
export function invalid(fields: readonly InvalidField[]): Reply {
  return modelError(422, fields);
}

/** What a model reports: typed errors, each with a link to its explanation. */
export function modelError(status: number, fields: readonly InvalidField[]): Reply {
  const links = fields.map((field) => ({ ...field, url: `https://docs.fal.ai/errors/#${field.type}` }));
  return { status, headers: { 'x-fal-retryable': 'false' }, body: { detail: links } };
}

export function describeViolation({ kind, path, rule, value }: Violation): InvalidField {
  const found = { loc: ['body', ...path], input: value };
  switch (kind) {
    case 'unknown':
      return { ...found, msg: 'Extra inputs are not permitted', type: 'extra_forbidden' };
    case 'required':
      return { loc: found.loc, msg: 'Field required', type: 'missing' };
    case 'type':
      return {
        ...found,
        msg: `Input should be a valid ${rule?.type}, not ${jsonType(value)}`,
        type: `${rule?.type}_type`,
      };
    case 'enum': {
      const expected = (rule?.values ?? []).map((allowed) => `'${allowed}'`).join(' or ');
      return { ...found, msg: `Input should be ${expected}`, type: 'literal_error', ctx: { expected } };
    }
    case 'min':
      return {
        ...found,
        msg: `Input should be greater than or equal to ${rule?.min}`,
        type: 'greater_than_equal',
        ctx: { ge: rule?.min },
      };
    case 'max':
      return {
        ...found,
        msg: `Input should be less than or equal to ${rule?.max}`,
        type: 'less_than_equal',
        ctx: { le: rule?.max },
      };
    case 'multiple':
      return { ...found, msg: `Input should be a multiple of ${rule?.multipleOf}`, type: 'multiple_of' };
    case 'length_min':
      return { ...found, msg: `Input should have at least ${rule?.min} characters`, type: 'sequence_too_short' };
    case 'length_max':
      return { ...found, msg: `Input should have at most ${rule?.max} characters`, type: 'sequence_too_long' };
    case 'pattern':
      return { ...found, msg: 'Input should be a valid URL', type: 'url_parsing' };
    default:
      return kind satisfies never;
  }
}

function readKey(req: Request): string | null {
  const [scheme, key] = (req.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'key' && key ? key : null;
}
