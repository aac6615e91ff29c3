import { countInputTokens, countTokens, type TextInput } from '@base/shared/contracts/models/count-tokens';
import type { Measure } from '@base/shared/contracts/models/model-contract';
import { findModelContract } from '@base/shared/contracts/models/model-registry';
import { quote } from '@base/shared/credits/quote';
import type { BegunJob, GenerationRow } from '@base/shared/db/queries/job-lifecycle';
import type { TextOutput } from '../providers/provider.ts';
import type { Route } from './route.ts';

/** What a job comes to by what it really made; never more than was held. */
export interface Charge {
  credits: number;
  costUsd: string;
  /** Images, videos, or seconds of audio, as plans count them. */
  limitUnits: number;
}

/** Prices files that were made and stored. */
export function chargeForFiles(job: BegunJob, route: Route, rows: readonly GenerationRow[]): Charge {
  if (job.type === 'video') return charge(job, route, {}, 1);
  if (job.type === 'image') return charge(job, route, { units: rows.length }, rows.length);
  const seconds = rows.reduce((sum, row) => sum + (row.duration_seconds ?? 0), 0);
  const units = route.price.unit === 'minute' ? seconds / 60 : seconds;
  return charge(job, route, { units }, Math.min(job.limit_units, Math.ceil(seconds)));
}

/** The tokens of a text: as the provider told, else counted. */
export function tokensOf(route: Route, { content, usage }: TextOutput): { input: number; output: number } {
  if (usage) return { input: usage.tokensIn, output: usage.tokensOut };
  return { input: countInputTokens(route.input as TextInput), output: countTokens(content) }; // valid by a text model's contract
}

export function chargeForText(job: BegunJob, route: Route, tokens: { input: number; output: number }): Charge {
  return charge(job, route, { tokens }, 0);
}

/** The price of admission with the measure of what was made put in the place of the most it could be. */
function charge(job: BegunJob, route: Route, made: Partial<Measure>, limitUnits: number): Charge {
  const contract = findModelContract(`${route.provider}/${route.model}`);
  const priced = contract && quote(route.price, { ...contract.measure(route.input), ...made });
  // Nothing measurable came, or a newer build admitted it: what was quoted stands.
  if (!priced) return { credits: route.credits, costUsd: route.costUsd, limitUnits };
  const credits = job.key_source === 'organization' ? priced.ownKeyCredits : priced.credits;
  return { credits: Math.min(credits, route.credits, job.credits_held), costUsd: priced.costUsd, limitUnits };
}
