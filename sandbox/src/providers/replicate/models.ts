import type { ReplicateModel } from './model.ts';
import { fluxPro, fluxSchnell, sdxl } from './picture-models.ts';
import { hailuo, kling } from './video-models.ts';

const models: readonly ReplicateModel[] = [fluxSchnell, fluxPro, sdxl, kling, hailuo];

/** An official model by `owner/name`: those that are run without a version. */
export function findOfficialModel(name: string): ReplicateModel | undefined {
  return models.find((model) => model.name === name && model.versions.length === 0);
}

/** A model by what `version` may hold: a bare version, `owner/name:version`, or `owner/name` of an official model. */
export function findModelByVersion(identifier: string): ReplicateModel | undefined {
  const [name, version] = identifier.split(':', 2);
  if (version !== undefined) return models.find((model) => model.name === name && model.versions.includes(version));
  return findOfficialModel(identifier) ?? models.find((model) => model.versions.includes(identifier));
}

export function findModel(name: string): ReplicateModel | undefined {
  return models.find((model) => model.name === name);
}
