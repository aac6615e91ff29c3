import { ApiError } from '@base/shared/errors/api-error';
import express, { type Request, type Response } from 'express';

/**
 * Makes a reader of bodies as they were sent, byte by byte: signatures are made over that, so nothing is unpacked. The
 * reader throws ApiError payload_too_large, unsupported_media_type or malformed_request.
 */
export function createRawBodyReader(limitBytes: number): (request: Request, response: Response) => Promise<Buffer> {
  const parseRaw = express.raw({ limit: limitBytes, inflate: false, type: () => true });
  return async (request, response) => {
    // The parser would take all of it before it says no.
    if (Number(request.headers['content-length']) > limitBytes) throw tooLarge(limitBytes);
    await new Promise<void>((resolve, reject) => {
      parseRaw(request, response, (error?: unknown) =>
        error === undefined ? resolve() : reject(translate(error, limitBytes)),
      );
    });
    return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  };
}

/** The parser's errors carry a `type`; https://github.com/expressjs/body-parser#errors lists them. */
function translate(error: unknown, limitBytes: number): ApiError {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return tooLarge(limitBytes);
    case 'encoding.unsupported':
      return new ApiError('unsupported_media_type', { detail: 'Send the body without compression.' });
    default:
      return new ApiError('malformed_request', { detail: 'The body could not be read.', cause: error });
  }
}

function tooLarge(limitBytes: number): ApiError {
  return new ApiError('payload_too_large', {
    detail: `The body may have at most ${limitBytes / 1024 ** 2} MB.`,
    figures: { limit_bytes: limitBytes },
  });
}
