import type { KeyObject } from 'node:crypto';
import { ApiError } from '@base/shared/errors/api-error';
import type jwt from 'jsonwebtoken';

/** The person a verified session token speaks for. */
export interface SessionUser {
  userId: string;
  email: string;
  fullName: string | null;
  /** Unix seconds. */
  expiresAt: number;
}

/** Whoever issues session tokens: where the key is that one must be signed with, and what one must say. */
export interface SessionIssuer {
  /** What its tokens have as `iss`. */
  iss: string;
  /** What its tokens have as `aud`; undefined where they have none. */
  audience: string | undefined;
  /** @throws ApiError unauthenticated, or service_unavailable when the keys cannot be fetched */
  findKey(header: jwt.JwtHeader): Promise<{ key: KeyObject; algorithm: jwt.Algorithm }>;
  /** Reads the claims of a token whose signature and times are right. @throws ApiError unauthenticated */
  readUser(claims: unknown, algorithm: jwt.Algorithm): SessionUser;
}

/** The answer to a session token that is not taken. */
export function refuseSession(detail: string, cause?: unknown): ApiError {
  return new ApiError('unauthenticated', { detail, cause });
}
