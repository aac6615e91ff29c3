import type { FieldRule, FieldRules } from '../../field-rules.ts';

export interface SpeechModel {
  id: string;
  name: string;
  /** Longest text of one request. */
  charactersMax: number;
  /** Credits for one character. */
  creditsPerCharacter: number;
  /** Requests at the same time on the plan `pro`. */
  concurrencyMax: number;
}

export const speechModels: readonly SpeechModel[] = [
  model('eleven_v3', 'Eleven v3', 3_000, 1, 10),
  model('eleven_multilingual_v2', 'Eleven Multilingual v2', 10_000, 1, 10),
  model('eleven_flash_v2_5', 'Eleven Flash v2.5', 40_000, 0.5, 20),
  model('eleven_turbo_v2_5', 'Eleven Turbo v2.5', 40_000, 0.5, 20),
];

export const defaultModel = 'eleven_multilingual_v2';

export const outputFormats: readonly string[] = [
  ...['mp3_22050_32', 'mp3_24000_48', 'mp3_44100_32', 'mp3_44100_64', 'mp3_44100_96', 'mp3_44100_128', 'mp3_44100_192'],
  ...[8000, 16000, 22050, 24000, 32000, 44100, 48000].flatMap((rate) => [`pcm_${rate}`, `wav_${rate}`]),
  ...[32, 64, 96, 128, 192].map((rate) => `opus_48000_${rate}`),
  'ulaw_8000',
  'alaw_8000',
];

const optionalText: FieldRule = { type: 'string', isNullable: true };
const share: FieldRule = { type: 'number', isNullable: true, min: 0, max: 1 };
const requestIds: FieldRule = { type: 'array', isNullable: true, max: 3, item: { type: 'string' } };

export const speechRules: FieldRules = {
  text: { type: 'string', isRequired: true, min: 1 },
  model_id: { type: 'string' },
  language_code: optionalText,
  voice_settings: {
    type: 'object',
    isNullable: true,
    fields: {
      stability: share,
      similarity_boost: share,
      style: { type: 'number', isNullable: true },
      use_speaker_boost: { type: 'boolean', isNullable: true },
      speed: { type: 'number', isNullable: true, min: 0.7, max: 1.2 },
    },
  },
  pronunciation_dictionary_locators: {
    type: 'array',
    isNullable: true,
    max: 3,
    item: {
      type: 'object',
      fields: { pronunciation_dictionary_id: { type: 'string', isRequired: true }, version_id: optionalText },
    },
  },
  seed: { type: 'integer', isNullable: true, min: 0, max: 4_294_967_295 },
  previous_text: optionalText,
  next_text: optionalText,
  previous_request_ids: requestIds,
  next_request_ids: requestIds,
  use_pvc_as_ivc: { type: 'boolean' },
  apply_text_normalization: { type: 'string', values: ['auto', 'on', 'off'] },
  apply_language_text_normalization: { type: 'boolean' },
};

/** The model of that id, if there is one. */
export function findSpeechModel(id: string): SpeechModel | undefined {
  return speechModels.find((known) => known.id === id);
}

/** What a text costs. */
export function creditsFor({ creditsPerCharacter }: SpeechModel, text: string): number {
  return Math.ceil(Array.from(text).length * creditsPerCharacter);
}

/** A model as `GET /v1/models` shows it. */
export function presentModel({ id, name, charactersMax, creditsPerCharacter }: SpeechModel) {
  return {
    model_id: id,
    name,
    description: `${name} of the sandbox.`,
    can_be_finetuned: false,
    can_do_text_to_speech: true,
    can_do_voice_conversion: false,
    can_use_style: true,
    can_use_speaker_boost: true,
    serves_pro_voices: false,
    token_cost_factor: creditsPerCharacter,
    requires_alpha_access: false,
    max_characters_request_free_user: charactersMax,
    max_characters_request_subscribed_user: charactersMax,
    maximum_text_length_per_request: charactersMax,
    languages: [
      { language_id: 'en', name: 'English' },
      { language_id: 'pt', name: 'Portuguese' },
      { language_id: 'es', name: 'Spanish' },
      { language_id: 'de', name: 'German' },
    ],
    model_rates: { character_cost_multiplier: creditsPerCharacter, cost_discount_multiplier: 1 },
    concurrency_group: creditsPerCharacter < 1 ? 'turbo' : 'standard',
  };
}

function model(
  id: string,
  name: string,
  charactersMax: number,
  creditsPerCharacter: number,
  concurrencyMax: number,
): SpeechModel {
  return { id, name, charactersMax, creditsPerCharacter, concurrencyMax };
}
