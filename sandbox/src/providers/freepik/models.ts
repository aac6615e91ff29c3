import type { FreepikModel } from './model.ts';
import { flux2Turbo, fluxDev, fluxPro, mystic, upscaler } from './picture-models.ts';
import { hailuo768, hailuo1080, klingPro, klingStd } from './video-models.ts';

export const freepikModels: readonly FreepikModel[] = [
  mystic,
  fluxDev,
  fluxPro,
  flux2Turbo,
  upscaler,
  klingPro,
  klingStd,
  hailuo768,
  hailuo1080,
];
