import * as z from 'zod';
import { defineModel } from './model-contract.ts';
import { measureSpeech } from './speech-length.ts';

/** https://developers.openai.com/api/docs/guides/text-to-speech: the older models know fewer voices. */
const oldVoices = ['alloy', 'ash', 'coral', 'echo', 'fable', 'nova', 'onyx', 'sage', 'shimmer'] as const;
const voices = [...oldVoices, 'ballad', 'cedar', 'marin', 'verse'] as const;

/** POST /audio/speech of all models. */
const speechFields = {
  input: z.string().trim().min(1).max(4_096),
  response_format: z.enum(['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm']).optional(),
  speed: z.number().min(0.25).max(4).optional(),
};

const measure = ({ input, speed }: { input: string; speed?: number | undefined }) => measureSpeech(input, speed);

export const gpt4oMiniTts = defineModel({
  provider: 'openai',
  name: 'gpt-4o-mini-tts',
  title: 'GPT-4o mini TTS',
  description: 'Speech by OpenAI whose tone, accent and mood follow instructions.',
  type: 'audio',
  input: z.strictObject({
    ...speechFields,
    /** A built-in voice, or one of the key's own organization at OpenAI. */
    voice: z.union([
      z.enum(voices),
      z.strictObject({ id: z.string().regex(/^[\w-]{1,100}$/, 'must be the id of a voice') }),
    ]),
    instructions: z.string().max(4_096).optional(),
  }),
  measure,
});

const oldInput = z.strictObject({ ...speechFields, voice: z.enum(oldVoices) });

export const tts1 = defineModel({
  provider: 'openai',
  name: 'tts-1',
  title: 'TTS-1',
  description: 'Speech by OpenAI, made for speed.',
  type: 'audio',
  input: oldInput,
  measure,
});

export const tts1Hd = defineModel({
  provider: 'openai',
  name: 'tts-1-hd',
  title: 'TTS-1 HD',
  description: 'Speech by OpenAI, made for quality.',
  type: 'audio',
  input: oldInput,
  measure,
});
