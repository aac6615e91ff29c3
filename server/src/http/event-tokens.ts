import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';

/**
 * Tokens that open an event stream and nothing else, for clients that cannot send headers, as the browser's EventSource.
 * Nothing is stored: a token says whom it speaks for, which stream it opens and until when, signed with a key of its own
 * made from URL_SIGNING_SECRET. What its holder may do is looked up when it is used.
 */
const validSeconds = 60;
const lengthMax = 1_000;

/** Whom a token speaks for, and the one job it is for; null: any stream of the organization. */
export interface EventTokenGrant {
  userId: string;
  /** The key that asked for it; null: the person did. */
  apiKeyId: string | null;
  jobId: string | null;
}

export interface EventTokens {
  make(grant: EventTokenGrant): { token: string; expiresAt: Date };
  /** @throws ApiError unauthenticated unless the token is ours and its time has not run out */
  read(token: string): EventTokenGrant;
}

const payloadSchema = z.object({
  user: z.uuid(),
  key: z.uuid().nullable(),
  job: z.uuid().nullable(),
  until: z.int(),
});

/** `now` is in milliseconds, for tests. */
export function createEventTokens(config: { URL_SIGNING_SECRET: string }, now: () => number = Date.now): EventTokens {
  // Links to files are signed with the secret itself: neither signature can be taken for the other.
  const key = Buffer.from(hkdfSync('sha256', config.URL_SIGNING_SECRET, '', 'base event token 1', 32));
  const sign = (payload: string): Buffer => Buffer.from(createHmac('sha256', key).update(payload).digest('base64url'));

  return {
    make({ userId, apiKeyId, jobId }) {
      const until = Math.floor(now() / 1000) + validSeconds;
      const job = jobId === null ? null : jobId.toLowerCase();
      const claims: z.output<typeof payloadSchema> = { user: userId, key: apiKeyId, job, until };
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
      return { token: `${payload}.${sign(payload)}`, expiresAt: new Date(until * 1000) };
    },
    read(token) {
      const [payload = '', signature = '', ...more] = token.length > lengthMax ? [] : token.split('.');
      const [given, expected] = [Buffer.from(signature), sign(payload)];
      const isOurs = more.length === 0 && given.length === expected.length && timingSafeEqual(given, expected);
      if (!isOurs) throw new ApiError('unauthenticated', { detail: 'This is no event token.' });
      const claims = payloadSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
      if (claims.until * 1000 <= now()) {
        throw new ApiError('unauthenticated', {
          detail: 'The event token has expired; POST /event-tokens makes another.',
        });
      }
      return { userId: claims.user, apiKeyId: claims.key, jobId: claims.job };
    },
  };
}
