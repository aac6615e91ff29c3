import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/**
 * What is sealed, byte by byte: version (1), length of the master key's id (1), the id, IV (12), tag (16), data.
 * The id inside lets several master keys be in use at once, so that they can be replaced while everything runs.
 */
const version = 1;
const cipher = 'aes-256-gcm';
const ivLength = 12;
const tagLength = 16;
const keyLength = 32;
const idForm = /^[a-z0-9-]{1,32}$/;

/** What was sealed cannot be opened here. The message names master keys by their id and nothing else. */
export class SecretBoxError extends Error {
  override name = 'SecretBoxError';
}

export interface SecretBox {
  /** Encrypts under the current master key; only the same context opens it again. */
  seal(plain: string, context: string): Buffer;
  /** @throws SecretBoxError for another context, an unknown master key, and bytes cut off or changed */
  open(sealed: Uint8Array, context: string): string;
  /** Whether it says of itself that it is under the current master key; nothing is decrypted. */
  isCurrent(sealed: Uint8Array): boolean;
  /** What everything under the current master key begins with, for queries. */
  readonly currentHeader: Buffer;
}

/** What a provider key is bound to: moved to another row it does not open. */
export function providerKeyContext(organizationId: string, provider: string): string {
  return `provider_api_keys:${organizationId}:${provider}`;
}

/**
 * AES-256-GCM with a random IV for each seal (NIST SP 800-38D, 8.3, allows 2^32 of those per key).
 * @param masterKeys `id:base64 of 32 bytes`, the current one first, as in `MASTER_KEYS`
 * @throws Error when there is none or one has another form
 */
export function createSecretBox(masterKeys: readonly string[]): SecretBox {
  const keys = new Map(masterKeys.map(readMasterKey));
  const [current] = keys;
  if (current === undefined) throw new Error('there is no master key');
  const [currentId, currentKey] = current;
  const currentHeader = headerOf(currentId);
  return {
    currentHeader,
    isCurrent: (sealed) => currentHeader.equals(sealed.subarray(0, currentHeader.length)),
    seal(plain, context) {
      const iv = randomBytes(ivLength);
      const gcm = createCipheriv(cipher, currentKey, iv, { authTagLength: tagLength }).setAAD(Buffer.from(context));
      const data = Buffer.concat([gcm.update(plain, 'utf8'), gcm.final()]);
      return Buffer.concat([currentHeader, iv, gcm.getAuthTag(), data]);
    },
    open(sealed, context) {
      const { id, iv, tag, data } = takeApart(sealed);
      const key = keys.get(id);
      if (key === undefined) throw new SecretBoxError(`it is under the master key "${id}", which is not known here`);
      const gcm = createDecipheriv(cipher, key, iv, { authTagLength: tagLength });
      gcm.setAAD(Buffer.from(context)).setAuthTag(tag);
      try {
        return Buffer.concat([gcm.update(data), gcm.final()]).toString('utf8');
      } catch {
        // Node says no more than "unable to authenticate data".
        throw new SecretBoxError(`it was changed, belongs elsewhere, or "${id}" is another master key now`);
      }
    },
  };
}

function readMasterKey(text: string): [string, Buffer] {
  const [id = '', key = ''] = text.split(':');
  const bytes = Buffer.from(key, 'base64');
  if (!idForm.test(id) || bytes.length !== keyLength)
    throw new Error('a master key is not `id:` and 32 bytes as base64');
  return [id, bytes];
}

function headerOf(id: string): Buffer {
  return Buffer.concat([Buffer.from([version, id.length]), Buffer.from(id)]);
}

function takeApart(sealed: Uint8Array): { id: string; iv: Buffer; tag: Buffer; data: Buffer } {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const ivAt = 2 + (bytes[1] ?? 0);
  const dataAt = ivAt + ivLength + tagLength;
  const id = bytes.toString('latin1', 2, ivAt);
  if (bytes[0] !== version || bytes.length < dataAt || !idForm.test(id)) {
    throw new SecretBoxError('it is cut off, or was not sealed by this version');
  }
  return {
    id,
    iv: bytes.subarray(ivAt, ivAt + ivLength),
    tag: bytes.subarray(ivAt + ivLength, dataAt),
    data: bytes.subarray(dataAt),
  };
}
