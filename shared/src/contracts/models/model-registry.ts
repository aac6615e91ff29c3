import { mystic } from './freepik-models.ts';
import type { ModelContract } from './model-contract.ts';
import { gptImage2 } from './openai-models.ts';
import { fluxPro, fluxSchnell, sdxl } from './replicate-models.ts';

/** Every model that this build can run. Status, successor and price are rows and change without a deploy. */
export const modelContracts: readonly ModelContract[] = [fluxSchnell, fluxPro, sdxl, gptImage2, mystic];

const byName = new Map<string, ModelContract>();
for (const model of modelContracts) for (const name of [model.id, ...model.aliases]) byName.set(name, model);

/** The contract for `provider/name` or an alias of it. */
export function findModelContract(id: string): ModelContract | undefined {
  return byName.get(id);
}
