import { createHmac } from 'node:crypto';

/** A session token for this user as Supabase Auth would sign it with a shared secret (HS256); valid for an hour. */
export function signSession(user: { id: string; email: string }, secret: string): string {
  const now = Math.floor(Date.now() / 1000);
  const head = encode({ alg: 'HS256', typ: 'JWT' });
  const claims = { sub: user.id, email: user.email, aud: 'authenticated', role: 'authenticated', iat: now };
  const signed = `${head}.${encode({ ...claims, exp: now + 3600 })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
