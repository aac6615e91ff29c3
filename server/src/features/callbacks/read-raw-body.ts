import { ApiError } from '@base/shared/errors/api-error';
import express, { type Request, type Response } from 'express';

// Providers put whole results into what they send; JSON's usual 1 MB would lose the good news and let the bad pass.
const limitBytes = 16 * 1024 * 1024;
// Signatures are made over what is sent, so nothing is unpacked.
const parseRaw = express.raw({ limit: limitBytes, inflate: false, type: () => true });

/**
 * Reads a body as it was sent, byte by byte.
 * @throws ApiError payload_too_large, unsupported_media_type, malformed_request
 */
export async function readRawBody(request: Request, response: Response): Promise<Buffer> {
  // The parser would take all of it before it says no.
  if (Number(request.headers['content-length']) > limitBytes) throw tooLarge();
  await new Promise<void>((resolve, reject) => {
    parseRaw(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(translate(error))));
  });
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The parser's errors carry a `type`; https://github.com/expressjs/body-parser#errors lists them. */
function translate(error: unknown): ApiError {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return tooLarge();
    case 'encoding.unsupported':
      return new ApiError('unsupported_media_type', { detail: 'Send the callback without compression.' });
    default:
      return new ApiError('malformed_request', { detail: 'The body could not be read.', cause: error });
  }
}

function tooLarge(): ApiError {
  return new ApiError('payload_too_large', {
    detail: 'A callback may have at most 16 MB.',
    figures: { limit_bytes: limitBytes },
  });
}
