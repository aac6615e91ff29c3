import { keyProviders } from '@base/shared/contracts/provider-keys';
import type { Schedule } from '../schedule.ts';
import { type CheckDeps, checkProviderKey } from './check-provider-key.ts';
import { claimDueKeys } from './provider-key-store.ts';

/** Keys of one provider that are asked about at once. A run does no more, so that a slow provider holds it up briefly. */
const perProvider = 4;

/**
 * Asks providers about the organizations' own keys whose time has come: new ones, ones somebody asked about, and ones
 * whose provider could not be reached.
 */
export const validateProviderKeys: Schedule = {
  name: 'validate-provider-keys',
  everySeconds: 1,
  run: validateDueKeys,
};

/** One run; returns when every key that was claimed has been dealt with. */
export async function validateDueKeys(deps: CheckDeps): Promise<undefined> {
  const due = await claimDueKeys(deps.pool, keyProviders, perProvider);
  await Promise.all(due.map((key) => checkProviderKey(key, deps)));
}
