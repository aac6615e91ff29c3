import { randomUUID } from 'node:crypto';
import type { Random } from './random.ts';

export interface Order {
  /** What the prompt begins with, and the order's paid calls are found by. */
  mark: string;
  body: { model: string; input: Record<string, unknown>; fallback: boolean };
  /** Its provider will never finish: whoever ordered it cancels it. */
  isEndless: boolean;
}

/**
 * How a provider hands over what it made: `task`, to be asked for or called back about; `answer`, in the answer to the
 * paid call; `stream`, as a text while it is written.
 */
type Manner = 'task' | 'answer' | 'stream';

interface Ware {
  model: string;
  manner: Manner;
  /** How often it is ordered, against the others. */
  share: number;
  /** Whether the free plan has it. */
  isFree?: boolean;
  input(prompt: string): Record<string, unknown>;
}

/** Nobody fetches it: the sandbox takes any address. */
const picture = 'https://pictures.example/first-frame.png';
const onlyPrompt = (prompt: string) => ({ prompt });
const chat = (content: string) => ({ messages: [{ role: 'user', content }], max_completion_tokens: 400 });
const speech = (text: string) => ({ voice_id: '21m00Tcm4TlvDq8ikWAM', text });

/** All types, all providers. */
const wares: readonly Ware[] = [
  { model: 'replicate/flux-schnell', manner: 'task', share: 6, isFree: true, input: onlyPrompt },
  { model: 'replicate/flux-schnell', manner: 'task', share: 1, input: (prompt) => ({ prompt, num_outputs: 3 }) },
  { model: 'replicate/flux-1.1-pro', manner: 'task', share: 3, input: onlyPrompt },
  { model: 'replicate/sdxl', manner: 'task', share: 1, input: onlyPrompt },
  { model: 'fal/flux-schnell', manner: 'task', share: 3, isFree: true, input: onlyPrompt },
  { model: 'fal/flux-1.1-pro', manner: 'task', share: 2, input: onlyPrompt },
  { model: 'freepik/mystic', manner: 'task', share: 3, input: onlyPrompt },
  { model: 'freepik/flux-pro-v1-1', manner: 'task', share: 2, input: onlyPrompt },
  { model: 'openai/gpt-image-2', manner: 'answer', share: 3, input: onlyPrompt },
  { model: 'replicate/kling-v2.1', manner: 'task', share: 1, input: (prompt) => ({ prompt, start_image: picture }) },
  { model: 'replicate/hailuo-2.3', manner: 'task', share: 1, input: onlyPrompt },
  { model: 'freepik/kling-v2-1-std', manner: 'task', share: 1, input: (prompt) => ({ prompt, image: picture }) },
  { model: 'fal/kling-v2.1-standard', manner: 'task', share: 1, input: (prompt) => ({ prompt, image_url: picture }) },
  { model: 'openai/tts-1', manner: 'answer', share: 2, input: (input) => ({ input, voice: 'nova' }) },
  { model: 'openai/gpt-4o-mini-tts', manner: 'answer', share: 1, input: (input) => ({ input, voice: 'coral' }) },
  { model: 'elevenlabs/eleven_flash_v2_5', manner: 'answer', share: 2, input: speech },
  { model: 'openai/gpt-6-luna', manner: 'stream', share: 2, input: chat },
  { model: 'openai/gpt-6-luna', manner: 'stream', share: 1, input: (input) => ({ input, max_output_tokens: 400 }) },
  { model: 'openrouter/gemini-2.5-flash', manner: 'stream', share: 2, input: chat },
  { model: 'openai-compatible/chat', manner: 'stream', share: 1, input: chat },
];

/**
 * The faults that the sandbox knows, see sandbox/README.md, each with the directives that keep it within a run: who says
 * "not now" means the key, not the order. Asking for long holds up all its customers, and saying it for ever about one order
 * keeps the breaker open for minutes.
 */
const faultsOfAll = [
  ...['429, retry_after=1', '429, retry_after=1, times=2', '503, retry_after=1, times=1', '503, times=3'],
  ...['529, retry_after=1, times=1', '401', '402', '500', 'reset', 'html', '500_after', 'reset_after', 'malformed'],
  ...['refused', 'task_failed', 'never_ends', 'empty_output', 'not_an_image', 'slow_output'],
];
const faultsOf: Record<Manner, readonly string[]> = {
  // Silence is waited for 30 seconds here, and 240 where the answer or stream is the result: that would outlast the run.
  task: [
    ...faultsOfAll,
    ...['timeout', 'timeout_after', 'canceled', 'expired_output', 'poll_500, times=3', 'huge_output'],
  ],
  answer: [...faultsOfAll, 'cut_stream', 'canceled'],
  stream: [...faultsOfAll, 'cut_stream', 'stream_error', 'no_usage'],
};
const callbacks = ['late', 'duplicate', 'forged', 'none'];

const faultShare = 0.25;
const callbackShare = 0.4;
const fallbackShare = 0.4;

/** What a customer of this plan orders next. */
export function makeOrder(random: Random, plan: string): Order {
  const ware = pickByShare(
    random,
    wares.filter(({ isFree }) => plan !== 'free' || isFree),
  );
  const mark = `mark-${randomUUID()}`;
  const fault = random.isOneIn(faultShare) ? random.pick(faultsOf[ware.manner]) : null;
  const directives = [`latency=${Math.round(random.between(50, 1_500))}`];
  // Most are small: this is about what goes wrong, not about drawing.
  if (!random.isOneIn(0.1)) directives.push('picture=tiny');
  if (ware.manner === 'task' && random.isOneIn(callbackShare)) directives.push(`callback=${random.pick(callbacks)}`);
  if (fault !== null) directives.push(`fault=${fault}`);
  return {
    mark,
    body: {
      model: ware.model,
      input: ware.input(`${mark} [sandbox: ${directives.join(', ')}]`),
      fallback: random.isOneIn(fallbackShare),
    },
    isEndless: fault === 'never_ends',
  };
}

/** One of the list, each as often as its share says. */
export function pickByShare<T extends { share: number }>(random: Random, list: readonly T[]): T {
  let left = random.next() * list.reduce((sum, { share }) => sum + share, 0);
  for (const one of list) {
    left -= one.share;
    if (left < 0) return one;
  }
  return random.pick(list);
}
