import { elevenFlashV25, elevenMultilingualV2, elevenTurboV25, elevenV3 } from './elevenlabs-models.ts';
import { falFluxPro, falFluxSchnell, falKlingPro, falKlingStandard } from './fal-models.ts';
import { freepikFluxPro, mystic, upscaler } from './freepik-models.ts';
import { hailuo768, hailuo1080, klingPro, klingStd } from './freepik-video-models.ts';
import type { ModelContract } from './model-contract.ts';
import { openaiCompatibleChat } from './openai-compatible-models.ts';
import {
  gptImage1Mini,
  gptImage2,
  gptImage15,
  gptImage25Flare,
  gptImage25Sunburst,
  gptImage26Sunburst,
} from './openai-image-models.ts';
import { gpt4oMiniTts, tts1, tts1Hd } from './openai-speech-models.ts';
import { gpt6Luna, gpt41Mini } from './openai-text-models.ts';
import { claudeSonnet45, gemini25Flash, llama4Maverick } from './openrouter-models.ts';
import { fluxPro, fluxSchnell, hailuo, kling, sdxl } from './replicate-models.ts';

/** Every model that this build can run. Status, successor and price are rows and change without a deploy. */
export const modelContracts: readonly ModelContract[] = [
  fluxSchnell,
  fluxPro,
  sdxl,
  kling,
  hailuo,
  gptImage2,
  gptImage25Flare,
  gptImage25Sunburst,
  gptImage26Sunburst,
  gptImage15,
  gptImage1Mini,
  gpt6Luna,
  gpt41Mini,
  gpt4oMiniTts,
  tts1,
  tts1Hd,
  elevenMultilingualV2,
  elevenV3,
  elevenFlashV25,
  elevenTurboV25,
  llama4Maverick,
  claudeSonnet45,
  gemini25Flash,
  openaiCompatibleChat,
  mystic,
  freepikFluxPro,
  upscaler,
  klingStd,
  klingPro,
  hailuo768,
  hailuo1080,
  falFluxSchnell,
  falFluxPro,
  falKlingStandard,
  falKlingPro,
];

const byName = new Map<string, ModelContract>();
for (const model of modelContracts) for (const name of [model.id, ...model.aliases]) byName.set(name, model);

/** The contract for `provider/name` or an alias of it. */
export function findModelContract(id: string): ModelContract | undefined {
  return byName.get(id);
}
