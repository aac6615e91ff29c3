import { createDecipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSecretBox, providerKeyContext, SecretBoxError } from './secret-box.ts';

const makeKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const [oldKey, newKey, otherKey] = [makeKey('old'), makeKey('new-2'), makeKey('other')];
const box = createSecretBox([newKey, oldKey]);
const text = fc.string({ unit: 'binary', maxLength: 600 });

it('opens what it sealed, for the same context only', () => {
  fc.assert(
    fc.property(text, text, text, (plain, context, elsewhere) => {
      const sealed = box.seal(plain, context);
      expect(box.open(sealed, context)).toBe(plain);
      if (elsewhere !== context) expect(() => box.open(sealed, elsewhere)).toThrow(SecretBoxError);
    }),
  );
});

it('refuses whatever was changed in any byte, cut off anywhere, or made longer', () => {
  fc.assert(
    fc.property(text, fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, at, change) => {
      const sealed = box.seal(plain, 'here');
      const changed = Buffer.from(sealed);
      const index = at % changed.length;
      changed.writeUInt8(changed.readUInt8(index) ^ change, index);
      for (const bytes of [changed, sealed.subarray(0, index), Buffer.concat([sealed, Buffer.from([change])])]) {
        expect(() => box.open(bytes, 'here')).toThrow(SecretBoxError);
      }
    }),
  );
});

it('refuses any other bytes with the same error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(() => box.open(bytes, 'here')).toThrow(SecretBoxError);
      expect(() => box.open(Buffer.concat([box.currentHeader, bytes]), 'here')).toThrow(SecretBoxError);
    }),
  );
});

it('never seals the same way twice', () => {
  const sealed = new Set(Array.from({ length: 1_000 }, () => box.seal('the same', 'here').toString('hex')));
  expect(sealed.size).toBe(1_000);
});

it('shows nothing of the text, and says nothing of text, context or key when it refuses', () => {
  const plain = 'sk-proj-planted-0123456789';
  const sealed = box.seal(plain, 'context-planted');
  expect(sealed.includes(plain)).toBe(false);
  const refusals = [
    () => box.open(sealed, 'elsewhere-planted'),
    () => createSecretBox([otherKey]).open(sealed, 'context-planted'),
    () => createSecretBox([makeKey('new-2')]).open(sealed, 'context-planted'),
    () => createSecretBox(['planted:c2hvcnQgcGxhbnRlZA==']),
  ].map((refuse) => {
    try {
      refuse();
    } catch (error) {
      return `${error} ${error instanceof Error ? [error.stack, error.cause] : ''}`;
    }
    return 'it did not refuse';
  });
  expect(refusals.join()).not.toContain('it did not refuse');
  expect(refusals.join()).not.toMatch(/planted-|-planted|c2hvcnQg/);
});

describe('with several master keys', () => {
  it('seals under the first, opens under each, and tells the current one', () => {
    const earlier = createSecretBox([oldKey]);
    const sealed = earlier.seal('a key', 'here');
    expect(box.open(sealed, 'here')).toBe('a key');
    expect([earlier.isCurrent(sealed), box.isCurrent(sealed)]).toEqual([true, false]);
    const again = box.seal('a key', 'here');
    expect([box.isCurrent(again), again.indexOf(box.currentHeader)]).toEqual([true, 0]);
    expect(() => earlier.open(again, 'here')).toThrow(/"new-2".*not known/);
  });

  it('does not take an id for a longer one that begins with it', () => {
    const short = createSecretBox([makeKey('new')]);
    expect(short.isCurrent(box.seal('a key', 'here'))).toBe(false);
    expect(box.isCurrent(short.seal('a key', 'here'))).toBe(false);
    expect(box.isCurrent(Buffer.alloc(0))).toBe(false);
  });

  it.each([[[]], [['no-colon']], [[`UPPER:${'A'.repeat(43)}=`]], [['short:AAAA']]])(
    'refuses to start from %j',
    (keys) => {
      expect(() => createSecretBox(keys)).toThrow(/master key/);
    },
  );
});

// The form is what rows hold: read here with nothing but Node's own parts.
it('keeps its documented form: version, id, IV, tag, data, bound to the row', () => {
  const context = providerKeyContext('0190b3a4-0000-7000-8000-000000000000', 'openai');
  expect(context).toBe('provider_api_keys:0190b3a4-0000-7000-8000-000000000000:openai');
  const sealed = box.seal('a key', context);
  expect(sealed.subarray(0, 7).toString('latin1')).toBe('\x01\x05new-2');
  const gcm = createDecipheriv('aes-256-gcm', Buffer.from(newKey.slice(6), 'base64'), sealed.subarray(7, 19));
  gcm.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(19, 35));
  expect(gcm.update(sealed.subarray(35), undefined, 'utf8') + gcm.final('utf8')).toBe('a key');
});

// Sealed with Python's `cryptography`: key 00…1f, IV 64…6f.
it('opens a row written by another implementation', () => {
  const sealed = Buffer.from(
    '0104746573746465666768696a6b6c6d6e6f3386d7b8e17fa3fddeb537e695c5cd083b70f3160b863cb3fdcb72d9e8565e',
    'hex',
  );
  expect(
    createSecretBox(['test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=']).open(sealed, 'provider_api_keys:o:openai'),
  ).toBe('sk-proj-é-1234');
});
