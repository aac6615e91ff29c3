import { hash, randomBytes } from 'node:crypto';
import { appUrl } from '@base/shared/config/app-url';
import type { Deps } from '../../deps.ts';

/** How long an invitation can be accepted. */
export const validSeconds = 7 * 86_400;

/** 256 random bits: as hard to guess as an API key, so a plain hash is enough to keep it by. */
export function makeInvitationToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored and looked up in place of the token: its SHA-256 in hex. */
export function hashInvitationToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/**
 * The page of the web application that accepts.
 * The token stands in the fragment, which browsers send to no server and in no Referer.
 */
export function acceptUrl({ config }: Deps, token: string): string {
  return `${appUrl(config)}/invitations/accept#token=${token}`;
}
