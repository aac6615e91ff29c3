import * as z from 'zod';
import { timestamp } from './wire.ts';

/** Providers that an organization may use with a key of its own. */
export const keyProviders = [
  'replicate',
  'openai',
  'freepik',
  'elevenlabs',
  'fal',
  'openrouter',
  'openai-compatible',
] as const;
export type KeyProvider = (typeof keyProviders)[number];

/** The one without an address of its own: its key comes with a `base_url`. */
export const providerWithOwnAddress: KeyProvider = 'openai-compatible';

export function isKeyProvider(name: string): name is KeyProvider {
  return keyProviders.some((provider) => provider === name);
}

/** What is the matter with a stored key, in the words that its organization reads. */
export const keyProblems = {
  refused: 'The provider refused the key.',
  undecryptable: 'The key could not be decrypted; store it again.',
  unreachable: 'The provider could not be reached; asking again.',
} as const;

export const providerKey = z
  .object({
    object: z.literal('provider_key'),
    provider: z.enum(keyProviders),
    hint: z.string().meta({ description: 'The last four characters, for recognition.' }),
    base_url: z.string().nullable(),
    state: z.enum(['checking', 'valid', 'invalid']).meta({
      description:
        '`checking` while the provider is to be asked. Jobs go by the last verdict meanwhile; a key without one is used.',
    }),
    last_error: z.string().nullable(),
    validated_at: timestamp.nullable().meta({ description: 'When the last verdict was given.' }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'ProviderKey' });

// Keys travel in HTTP headers, where nothing else can stand.
const printable = /^[\x21-\x7e]+$/;

export const putProviderKeyBody = z.strictObject({
  key: z.string().min(8).max(500).regex(printable, 'must be ASCII without spaces and control characters'),
  base_url: z
    .url({ protocol: /^https$/, message: 'must be an https address' })
    .max(500)
    .refine(isPlainAddress, 'must have no user name, password, query or fragment')
    .nullable()
    .optional()
    .meta({ description: `Required for \`${providerWithOwnAddress}\`, and only there.` }),
});

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return true; // Refused for that already.
  const { username, password } = new URL(text);
  return username === '' && password === '' && !/[?#]/.test(text);
}
