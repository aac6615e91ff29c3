import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Envelope } from '../../http/read-envelope.ts';
import { createFalSignatures } from './fal-signature.ts';

const body = Buffer.from('{"request_id":"r1","status":"OK"}');
const makeKeys = () => generateKeyPairSync('ed25519');

let published: KeyObject[];
let status: number;
let fetches: number;
let server: Server;
let url: string;
beforeEach(async () => {
  [published, status, fetches] = [[], 200, 0];
  server = createServer((_request, response) => {
    fetches += 1;
    const keys = published.map((key) => key.export({ format: 'jwk' }));
    response.writeHead(status, { 'content-type': 'application/json' });
    // Keys of other kinds may stand beside fal's own.
    response.end(JSON.stringify({ keys: [{ kty: 'oct' }, { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' }, ...keys] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`; // a listening TCP server has an address object
});
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

function signed(key: KeyObject, changes: Partial<Envelope> = {}): Envelope {
  const [id, userId, timestamp] = ['r1', 'user_1', '1760000000'];
  const message = [id, userId, timestamp, hash('sha256', body, 'hex')].join('\n');
  const signature = sign(null, Buffer.from(message), key).toString('hex');
  return { id, timestamp, signature, headers: { 'x-fal-webhook-user-id': userId }, ...changes };
}

it('takes what fal has signed, and nothing that was changed', async () => {
  const { publicKey, privateKey } = makeKeys();
  published = [makeKeys().publicKey, publicKey];
  const signatures = createFalSignatures(url);
  const right = signed(privateKey);
  expect(await signatures.isRight(right, body)).toBe(true);
  expect(fetches).toBe(1);
  const wrong: [Partial<Envelope>, Buffer][] = [
    [{}, Buffer.from('{"request_id":"r2","status":"OK"}')],
    [{ id: 'r2' }, body],
    [{ timestamp: '1760000001' }, body],
    [{ headers: { 'x-fal-webhook-user-id': 'user_2' } }, body],
    [{ headers: {} }, body],
    [{ signature: '' }, body],
    [{ signature: 'not hex at all' }, body],
    [{ signature: right.signature.slice(2) }, body],
  ];
  for (const [changes, text] of wrong) expect(await signatures.isRight({ ...right, ...changes }, text)).toBe(false);
});

it('asks again for the keys when none fits, but once a minute', async () => {
  const [old, next] = [makeKeys(), makeKeys()];
  published = [old.publicKey];
  let now = 0;
  const signatures = createFalSignatures(url, () => now);
  expect(await signatures.isRight(signed(old.privateKey), body)).toBe(true);
  published = [next.publicKey];
  expect(await signatures.isRight(signed(next.privateKey), body)).toBe(false);
  expect(fetches).toBe(1);
  now = 60_000;
  expect(await signatures.isRight(signed(next.privateKey), body)).toBe(true);
  expect(fetches).toBe(2);
  for (let n = 0; n < 5; n += 1) expect(await signatures.isRight(signed(makeKeys().privateKey), body)).toBe(false);
  expect(fetches).toBe(2);
});

it('asks once for many callbacks at the same time', async () => {
  const { publicKey, privateKey } = makeKeys();
  published = [publicKey];
  const signatures = createFalSignatures(url);
  const answers = await Promise.all(Array.from({ length: 20 }, () => signatures.isRight(signed(privateKey), body)));
  expect(answers).toEqual(Array(20).fill(true));
  expect(fetches).toBe(1);
});

it('says that it cannot tell when fal’s keys cannot be had, and does not press', async () => {
  const { publicKey, privateKey } = makeKeys();
  [published, status] = [[publicKey], 500];
  let now = 0;
  const signatures = createFalSignatures(url, () => now);
  const unavailable = { code: 'service_unavailable', retryAfterSeconds: 60 };
  await expect(signatures.isRight(signed(privateKey), body)).rejects.toMatchObject(unavailable);
  await expect(signatures.isRight(signed(privateKey), body)).rejects.toMatchObject(unavailable);
  expect(fetches).toBe(1);
  status = 200;
  now = 60_000;
  expect(await signatures.isRight(signed(privateKey), body)).toBe(true);
});
