import { ApiError } from '@base/shared/errors/api-error';
import express, { type Request, type Response } from 'express';

const limitBytes = 1024 * 1024;
// The type is checked here first, with our own answer; the parser then takes what it is given.
const parseJson = express.json({ limit: limitBytes, strict: false, type: () => true });

/**
 * Reads the body of one request as JSON; `{}` when there is none. Called by the endpoint after authentication, so that
 * strangers' bodies are never parsed.
 * @throws ApiError unsupported_media_type, payload_too_large, malformed_json
 */
export async function readJsonBody(request: Request, response: Response): Promise<unknown> {
  if (!hasBody(request)) return {};
  if (request.is(['application/json', '+json']) === false) {
    throw new ApiError('unsupported_media_type', { detail: 'Send the body as application/json.' });
  }
  await new Promise<void>((resolve, reject) => {
    parseJson(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(translate(error))));
  });
  return request.body === undefined ? {} : request.body;
}

function hasBody(request: Request): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** The parser's errors carry a `type`; https://github.com/expressjs/body-parser#errors lists them. */
function translate(error: unknown): unknown {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return new ApiError('payload_too_large', {
        detail: 'A body may have at most 1 MB.',
        figures: { limit_bytes: limitBytes },
      });
    case 'entity.parse.failed':
      return new ApiError('malformed_json', {
        detail: 'The body is not JSON: check quotes, commas and brackets.',
        cause: error,
      });
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new ApiError('unsupported_media_type', {
        detail: 'Send JSON in UTF-8, plain or compressed with gzip, deflate or br.',
      });
    default:
      // Cut-off, wrongly compressed or wrongly counted bodies: the client's transfer failed, not its JSON.
      return new ApiError('malformed_request', { detail: 'The body could not be read.', cause: error });
  }
}
