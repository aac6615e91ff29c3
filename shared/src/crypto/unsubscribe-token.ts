import { createHmac, timingSafeEqual } from 'node:crypto';
import { type OptionalCategory, optionalCategories } from '../contracts/email.ts';

export interface Unsubscription {
  userId: string;
  category: OptionalCategory;
}

const form = /^([\w-]{22})\.([a-z]+)\.([\w-]{22})$/;
// 128 bits cannot be guessed, and every character less is one less for mail programs to break.
const signatureBytes = 16;

/**
 * Names a person and a kind of e-mails, for a link that works without signing in and for ever: somebody may want to be
 * rid of an old e-mail's successors. All it can do is switch that kind off.
 */
export function makeUnsubscribeToken(secret: string, { userId, category }: Unsubscription): string {
  const id = Buffer.from(userId.replaceAll('-', ''), 'hex').toString('base64url');
  return `${id}.${category}.${sign(secret, id, category).toString('base64url')}`;
}

/** @returns null for what is not ours, or was changed on its way */
export function readUnsubscribeToken(secret: string, token: string): Unsubscription | null {
  const [, id = '', word = '', signature = ''] = form.exec(token) ?? [];
  const category = optionalCategories.find((known) => known === word);
  if (category === undefined) return null;
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== signatureBytes || !timingSafeEqual(given, sign(secret, id, category))) return null;
  const userId = Buffer.from(id, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { userId, category };
}

function sign(secret: string, id: string, category: string): Buffer {
  return createHmac('sha256', secret).update(`unsubscribe\n${id}\n${category}`).digest().subarray(0, signatureBytes);
}
