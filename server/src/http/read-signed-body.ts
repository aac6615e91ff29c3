import { ApiError } from '@base/shared/errors/api-error';
import type { Request, Response } from 'express';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { type Envelope, readEnvelope } from './read-envelope.ts';
import { createRawBodyReader } from './read-raw-body.ts';

const readRawBody = createRawBodyReader(1024 * 1024);
/** Printable ASCII. */
const messageId = /^[\x21-\x7e]{1,200}$/;

export interface SignedBody {
  envelope: Envelope;
  /** As it was sent. */
  bytes: Buffer;
  json: unknown;
}

/**
 * Reads a message signed as Standard Webhooks says (https://www.standardwebhooks.com), at most five minutes ago.
 * @param prefix of its headers: `webhook-`, or `svix-` as Svix calls the same
 * @throws ApiError invalid_signature, malformed_json, payload_too_large, unsupported_media_type, malformed_request
 */
export async function readSignedBody(
  secret: string,
  prefix: string,
  request: Request,
  response: Response,
): Promise<SignedBody> {
  const envelope = readEnvelope(request.headers, prefix, `${prefix}id`);
  if (!messageId.test(envelope.id)) {
    throw new ApiError('invalid_signature', { detail: 'The id of the message is not one.' });
  }
  const bytes = await readRawBody(request, response);
  if (!isRight(secret, envelope, bytes)) {
    throw new ApiError('invalid_signature', { detail: 'The signature does not belong to this body.' });
  }
  try {
    return { envelope, bytes, json: JSON.parse(bytes.toString()) };
  } catch (cause) {
    throw new ApiError('malformed_json', { detail: 'The body is not JSON.', cause });
  }
}

function isRight(secret: string, { id, timestamp, signature }: Envelope, bytes: Buffer): boolean {
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  try {
    new Webhook(secret).verify(bytes, headers, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}
