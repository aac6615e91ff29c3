import { ApiError, type FieldProblem } from '@base/shared/errors/api-error';
import type * as z from 'zod';
import { checkText, escapePointer } from './check-text.ts';

const problemsMax = 20;

/** Where a value came from; names the beginning of the pointer for everything but the body. */
type Source = 'body' | 'query' | 'headers';

/**
 * Parses one part of a request.
 * @throws ApiError invalid_request with a pointer to, and a sentence for, each problem
 */
export function parseInput<T extends z.ZodType>(schema: T, value: unknown, source: Source): z.output<T> {
  const prefix = source === 'body' ? '' : `/${source}`;
  const bad = checkText(value, prefix);
  if (bad.length > 0) throw invalidRequest(bad);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidRequest(toProblems(parsed.error, prefix));
}

export function invalidRequest(errors: FieldProblem[]): ApiError {
  const first = errors[0];
  const detail = first === undefined ? undefined : `${first.pointer || 'The body'}: ${first.detail}`;
  return new ApiError('invalid_request', { errors, ...(detail === undefined ? {} : { detail }) });
}

/** Zod's issues as pointers and sentences that tell what would be right. */
export function toProblems(error: z.ZodError, prefix = ''): FieldProblem[] {
  return error.issues.slice(0, problemsMax).flatMap((issue) => {
    const pointer = prefix + issue.path.map((step) => `/${escapePointer(String(step))}`).join('');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ pointer: `${pointer}/${escapePointer(key)}`, detail: 'is not a known field' }));
    }
    return [{ pointer, detail: describeIssue(issue) }];
  });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined && issue.message.endsWith('received undefined')
        ? `is required (${typeName(issue.expected)})`
        : `must be of type ${typeName(issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must ${verb(issue.origin)} at least ${issue.minimum}${unit(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `must ${verb(issue.origin)} at most ${issue.maximum}${unit(issue.origin, issue.maximum)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid') ? `must be a valid ${issue.format}` : issue.message;
    default:
      return issue.message;
  }
}

/** Zod's names of types in the words of JSON. */
function typeName(expected: string): string {
  if (expected === 'record') return 'object';
  return expected === 'int' ? 'integer' : expected;
}

const counted: Readonly<Record<string, string>> = { string: 'character', array: 'item', set: 'item', map: 'entry' };

function verb(origin: string): string {
  return origin in counted ? 'have' : 'be';
}

function unit(origin: string, count: number | bigint): string {
  const word = counted[origin];
  return word === undefined ? '' : ` ${word}${Number(count) === 1 ? '' : 's'}`;
}
