import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { findModelContract, modelContracts } from './model-registry.ts';
import { longestSpeechSeconds } from './speech-length.ts';

const unlimited = { resolutionMax: Number.POSITIVE_INFINITY };

function contractOf(id: string) {
  const contract = findModelContract(id);
  if (!contract) throw new Error(`no model ${id}`);
  return contract;
}

const isValid = (id: string, input: unknown) => contractOf(id).input.safeParse(input).success;
const measure = (id: string, input: Record<string, unknown>, limits = unlimited) => {
  const contract = contractOf(id);
  return contract.measure(contract.complete(contract.input.parse(input), limits));
};

it.each(modelContracts.map((contract) => [contract.id, contract] as const))(
  '%s has a JSON Schema for its input',
  (_, { input }) => {
    expect(z.toJSONSchema(input, { io: 'input' })).toMatchObject({ type: 'object' });
  },
);

describe('pictures of OpenAI', () => {
  const prompt = 'A mill';
  const free = ['gpt-image-2', 'gpt-image-2.5-flare', 'gpt-image-2.5-sunburst', 'gpt-image-2.6-sunburst'];
  const standard = ['gpt-image-1.5', 'gpt-image-1-mini'];

  it.each(free)('%s takes any size within the documented limits', (name) => {
    for (const size of ['auto', '1024x1024', '2048x2048', '3840x2160', '2160x3840', '1024x640', '1536x512']) {
      expect([size, isValid(`openai/${name}`, { prompt, size })]).toEqual([size, true]);
    }
    // Too few pixels, off the grid, too narrow, too long, too many pixels, no size.
    for (const size of ['512x512', '1000x1000', '2048x512', '3856x1024', '3840x2176', '1024', '']) {
      expect([size, isValid(`openai/${name}`, { prompt, size })]).toEqual([size, false]);
    }
  });

  it.each(standard)('%s takes its three sizes', (name) => {
    expect(isValid(`openai/${name}`, { prompt, size: '1536x1024' })).toBe(true);
    expect(isValid(`openai/${name}`, { prompt, size: '2048x2048' })).toBe(false);
  });

  it.each([...free, ...standard])('%s is measured by number, size and quality', (name) => {
    const id = `openai/${name}`;
    expect(measure(id, { prompt })).toEqual({ units: 1, resolution: 1024, quality: 'medium' });
    expect(measure(id, { prompt, n: 3, size: '1536x1024', quality: 'high' })).toEqual({
      units: 3,
      resolution: 1255,
      quality: 'high',
    });
    expect(measure(id, { prompt, size: 'auto' }).resolution).toBe(1255);
    expect(isValid(id, { prompt, background: 'transparent', output_format: 'jpeg' })).toBe(false);
  });

  it('orders the smallest picture for a plan that allows less than the usual', () => {
    expect(measure('openai/gpt-image-2', { prompt }, { resolutionMax: 900 }).resolution).toBe(816);
  });
});

describe('speech', () => {
  const speech = modelContracts.filter(({ type }) => type === 'audio');
  const order = (id: string, text: string) =>
    id.startsWith('openai/') ? { input: text, voice: 'alloy' } : { text, voice_id: '21m00Tcm4TlvDq8ikWAM' };

  it.each(speech.map(({ id }) => id))('%s is measured by the longest that its text can last', (id) => {
    const { units, seconds } = measure(id, order(id, 'x'.repeat(960)));
    expect(seconds).toBe(120);
    expect(units).toBe(2);
    expect(measure(id, order(id, 'Hi')).seconds).toBe(5);
  });

  it.each([
    ['openai/tts-1', 4_096],
    ['openai/gpt-4o-mini-tts', 4_096],
    ['elevenlabs/eleven_multilingual_v2', 10_000],
    ['elevenlabs/eleven_v3', 5_000],
    ['elevenlabs/eleven_flash_v2_5', 40_000],
  ])('%s takes %i characters', (id, charactersMax) => {
    expect(isValid(id, order(id, 'x'.repeat(charactersMax)))).toBe(true);
    expect(isValid(id, order(id, 'x'.repeat(charactersMax + 1)))).toBe(false);
    expect(isValid(id, order(id, ' '))).toBe(false);
  });

  it('lasts longer the slower it is spoken, and where a sign is more than a letter', () => {
    const text = 'x'.repeat(800);
    expect(longestSpeechSeconds(text, 0.5)).toBe(200);
    expect(longestSpeechSeconds(text, 4)).toBe(25);
    expect(longestSpeechSeconds('水'.repeat(100), 1)).toBe(38);
    expect(longestSpeechSeconds('7'.repeat(100), 1)).toBe(63);
    expect(measure('openai/tts-1', { input: text, voice: 'nova', speed: 2 }).seconds).toBe(50);
    const settings = { voice_settings: { speed: 0.8 } };
    expect(measure('elevenlabs/eleven_v3', { text, voice_id: 'v', ...settings }).seconds).toBe(125);
  });

  it('keeps options to the models that have them', () => {
    const input = { input: 'Hi', voice: 'marin' };
    expect(isValid('openai/gpt-4o-mini-tts', { ...input, instructions: 'Whisper.' })).toBe(true);
    expect(isValid('openai/gpt-4o-mini-tts', { ...input, voice: { id: 'voice_1234' } })).toBe(true);
    expect(isValid('openai/tts-1', input)).toBe(false);
    expect(isValid('openai/tts-1', { input: 'Hi', voice: 'alloy', instructions: 'Whisper.' })).toBe(false);
    const eleven = { text: 'Hi', voice_id: 'abc' };
    expect(isValid('elevenlabs/eleven_multilingual_v2', { ...eleven, language_code: 'pt' })).toBe(false);
    expect(isValid('elevenlabs/eleven_v3', { ...eleven, language_code: 'pt' })).toBe(true);
    expect(isValid('elevenlabs/eleven_v3', { ...eleven, previous_text: 'Once.' })).toBe(false);
    expect(isValid('elevenlabs/eleven_v3', { text: 'Hi' })).toBe(false);
    expect(isValid('elevenlabs/eleven_v3', { ...eleven, voice_id: '../v1/user' })).toBe(false);
  });
});
