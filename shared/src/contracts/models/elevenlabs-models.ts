import * as z from 'zod';
import { defineModel } from './model-contract.ts';
import { measureSpeech } from './speech-length.ts';

const outputFormats = [
  'mp3_22050_32',
  'mp3_24000_48',
  'mp3_44100_32',
  'mp3_44100_64',
  'mp3_44100_96',
  'mp3_44100_128',
  'mp3_44100_192',
  'pcm_8000',
  'pcm_16000',
  'pcm_22050',
  'pcm_24000',
  'pcm_32000',
  'pcm_44100',
  'pcm_48000',
  'wav_8000',
  'wav_16000',
  'wav_22050',
  'wav_24000',
  'wav_32000',
  'wav_44100',
  'wav_48000',
  'opus_48000_32',
  'opus_48000_64',
  'opus_48000_96',
  'opus_48000_128',
  'opus_48000_192',
  'ulaw_8000',
  'alaw_8000',
] as const;

const id = z.string().regex(/^\w{1,64}$/, 'must be an id: letters, digits and underscores');
const ids = z.array(id).min(1).max(3);
const share = z.number().min(0).max(1);

/** POST /v1/text-to-speech/{voice_id}: `voice_id` is part of its path, `output_format` of its query, the rest its body. */
const speechFields = (charactersMax: number) => ({
  voice_id: id,
  text: z.string().trim().min(1).max(charactersMax),
  output_format: z.enum(outputFormats).optional(),
  voice_settings: z
    .strictObject({
      stability: share.optional(),
      similarity_boost: share.optional(),
      style: share.optional(),
      use_speaker_boost: z.boolean().optional(),
      speed: z.number().min(0.7).max(1.2).optional(),
    })
    .optional(),
  pronunciation_dictionary_locators: z
    .array(z.strictObject({ pronunciation_dictionary_id: id, version_id: id.optional() }))
    .max(3)
    .optional(),
  seed: z.int().min(0).max(4_294_967_295).optional(),
  use_pvc_as_ivc: z.boolean().optional(),
  apply_text_normalization: z.enum(['auto', 'on', 'off']).optional(),
  apply_language_text_normalization: z.boolean().optional(),
});

/** Not taken by v3. */
const stitchingFields = {
  previous_text: z.string().max(10_000).optional(),
  next_text: z.string().max(10_000).optional(),
  previous_request_ids: ids.optional(),
  next_request_ids: ids.optional(),
};

/** Not taken by the multilingual model. */
const languageFields = {
  language_code: z
    .string()
    .regex(/^[a-z]{2}$/, 'must be a language of ISO 639-1, such as pt')
    .optional(),
};

interface Speech {
  text: string;
  voice_settings?: { speed?: number | undefined } | undefined;
}

const measure = ({ text, voice_settings }: Speech) => measureSpeech(text, voice_settings?.speed);

/** Limits by https://elevenlabs.io/docs/overview/models. */
export const elevenMultilingualV2 = defineModel({
  provider: 'elevenlabs',
  name: 'eleven_multilingual_v2',
  title: 'Eleven Multilingual v2',
  description: 'Lifelike speech by ElevenLabs in 29 languages, steady over long texts.',
  type: 'audio',
  input: z.strictObject({ ...speechFields(10_000), ...stitchingFields }),
  measure,
});

export const elevenV3 = defineModel({
  provider: 'elevenlabs',
  name: 'eleven_v3',
  title: 'Eleven v3',
  description:
    'The most expressive speech by ElevenLabs, in more than 70 languages; takes audio tags such as [whispers].',
  type: 'audio',
  input: z.strictObject({ ...speechFields(5_000), ...languageFields }),
  measure,
});

export const elevenFlashV25 = defineModel({
  provider: 'elevenlabs',
  name: 'eleven_flash_v2_5',
  title: 'Eleven Flash v2.5',
  description: 'Fast speech by ElevenLabs in 32 languages at half the price.',
  type: 'audio',
  input: z.strictObject({ ...speechFields(40_000), ...stitchingFields, ...languageFields }),
  measure,
});

/** ElevenLabs recommends Flash in its place in all cases. */
export const elevenTurboV25 = defineModel({
  provider: 'elevenlabs',
  name: 'eleven_turbo_v2_5',
  title: 'Eleven Turbo v2.5',
  description: 'The predecessor of Flash v2.5: the same speech, more slowly.',
  type: 'audio',
  input: z.strictObject({ ...speechFields(40_000), ...stitchingFields, ...languageFields }),
  measure,
});
