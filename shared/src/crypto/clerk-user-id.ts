import { v5 } from 'uuid';

// Never changes: the ids of everybody who signs in by Clerk come from it.
const namespace = '6f1d3c52-0d0e-4f6b-9a8f-3b7a5e2c91d4';

/**
 * Our id of a person at Clerk, which names people otherwise than by UUID. It follows from the issuer and their name, so
 * that a session and a webhook agree whichever comes first, and nothing has to be looked up.
 */
export function clerkUserId(issuer: string, subject: string): string {
  return v5(`${issuer}#${subject}`, namespace);
}
