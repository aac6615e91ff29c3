import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';

export interface TestClerk {
  /** Of its tokens; keys are published below it. */
  issuer: string;
  /** Keys published by id; a test may add and remove them. */
  keys: Map<string, { publicKey: KeyObject; privateKey: KeyObject }>;
  /** A session token as Clerk would sign it, with its first key. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): string;
  close(): Promise<void>;
}

/** A key pair of RSA with 2048 bits, as Clerk has them. */
export function makeRsaKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** The name of somebody new at Clerk. */
export function newClerkName(): string {
  return `user_${randomUUID().replaceAll('-', '')}`;
}

/** An instance of Clerk that publishes keys and does nothing else. */
export async function startClerk(): Promise<TestClerk> {
  const keys: TestClerk['keys'] = new Map([['ins_1', makeRsaKeys()]]);
  const server = createServer((request, response) => {
    const jwks = [...keys].map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' }));
    response
      .writeHead(request.url === '/.well-known/jwks.json' ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify({ keys: jwks }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has an address object
  const issuer = `http://127.0.0.1:${port}`;
  return {
    issuer,
    keys,
    sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const [kid, pair] = [...keys][0] ?? [];
      if (pair === undefined) throw new Error('there is no key to sign with');
      const whole = {
        ...{ iss: issuer, sub: newClerkName(), sid: 'sess_1', azp: 'https://app.test', v: 2, sts: 'active' },
        ...{ iat: now, nbf: now - 10, exp: now + 60 },
        ...claims,
      };
      return jwt.sign(JSON.parse(JSON.stringify(whole)), pair.privateKey, {
        header: { alg: 'RS256', typ: 'JWT', ...(kid === undefined ? {} : { kid }), ...header },
      });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
