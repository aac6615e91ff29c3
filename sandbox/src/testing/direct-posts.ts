const chat = (prompt: string, model: string) => ({ model, messages: [{ role: 'user', content: prompt }] });

/** One paid POST for each kind of answer that is the output itself. */
export const directPosts = {
  responses: { path: '/openai/v1/responses', body: (prompt: string) => ({ model: 'gpt-6-luna', input: prompt }) },
  'chat completions': { path: '/openai/v1/chat/completions', body: (prompt: string) => chat(prompt, 'gpt-4.1-mini') },
  'OpenAI speech': {
    path: '/openai/v1/audio/speech',
    body: (prompt: string) => ({ model: 'gpt-4o-mini-tts', voice: 'alloy', input: prompt }),
  },
  ElevenLabs: {
    path: '/elevenlabs/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb',
    body: (prompt: string) => ({ text: prompt }),
  },
  OpenRouter: {
    path: '/openrouter/api/v1/chat/completions',
    body: (prompt: string) => chat(prompt, 'google/gemini-2.5-flash'),
  },
  'OpenAI-compatible': {
    path: '/openai-compatible/v1/chat/completions',
    body: (prompt: string) => chat(prompt, 'tgi'),
  },
} as const;
export type DirectName = keyof typeof directPosts;
export const allDirect = Object.keys(directPosts) as DirectName[]; // The keys of an object literal.
export const texts: DirectName[] = ['responses', 'chat completions', 'OpenRouter', 'OpenAI-compatible'];
export const speeches: DirectName[] = ['OpenAI speech', 'ElevenLabs'];

/** The body of a call, streamed with usage where that can be asked for. */
export function bodyOf(name: DirectName, prompt: string, isStreamed: boolean) {
  const body = directPosts[name].body(prompt);
  if (!isStreamed) return body;
  return { ...body, stream: true, ...(name !== 'responses' && { stream_options: { include_usage: true } }) };
}
