import { findModelContract } from '@base/shared/contracts/models/model-registry';

const picture = 'https://images.example.com/start.png';
/** One dot, as PNG. */
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const voice = '21m00Tcm4TlvDq8ikWAM';

/** The forms that inputs of models have, with the prompt where the model wants it. */
const forms: ((prompt: string) => Record<string, unknown>)[] = [
  (prompt) => ({ prompt }),
  (prompt) => ({ prompt, start_image: picture }),
  (prompt) => ({ prompt, image: dot }),
  (prompt) => ({ prompt, image: dot, scale_factor: '2x' }),
  (prompt) => ({ prompt, image_url: picture }),
  (prompt) => ({ prompt, image: picture, duration: '5' }),
  (prompt) => ({ prompt, first_frame_image: picture, duration: 6 }),
  (content) => ({ messages: [{ role: 'user', content }] }),
  (input) => ({ input, voice: 'alloy' }),
  (text) => ({ text, voice_id: voice }),
];

/** An input that the model takes. @throws Error when none of the forms fits */
export function sampleInput(model: string, prompt: string): Record<string, unknown> {
  const contract = findModelContract(model);
  const input = forms.map((form) => form(prompt)).find((candidate) => contract?.input.safeParse(candidate).success);
  if (!input) throw new Error(`no form fits the input of ${model}`);
  return input;
}
