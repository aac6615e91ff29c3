import { ApiError } from '@base/shared/errors/api-error';
import { invalidRequest } from '../../http/parse-input.ts';

/** Printable ASCII, like all that providers give out. */
const id = /^[\x21-\x7e]{1,200}$/;

/** The one thing that is read of a callback. @throws ApiError malformed_json, invalid_request */
export function readTaskId(body: Buffer, field: string): string {
  let message: unknown;
  try {
    message = JSON.parse(body.toString());
  } catch (cause) {
    throw new ApiError('malformed_json', { detail: 'The body is not JSON.', cause });
  }
  const found = typeof message === 'object' && message !== null ? Reflect.get(message, field) : undefined;
  if (typeof found === 'string' && id.test(found)) return found;
  throw invalidRequest([{ pointer: `/${field}`, detail: 'must be the id of a task' }]);
}
