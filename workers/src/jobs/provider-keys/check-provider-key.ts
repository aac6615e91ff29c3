import { keyProblems } from '@base/shared/contracts/provider-keys';
import { providerKeyContext, SecretBoxError } from '@base/shared/crypto/secret-box';
import { type KeyVerdict, ProviderUnreachable } from '../../providers/provider.ts';
import type { WorkerDeps } from '../../start/deps.ts';
import { type DueKey, putOff, recordVerdict } from './provider-key-store.ts';

/** Far below the time of a claim, so that nobody else takes up a key while it is asked about. */
const timeoutMs = 10_000;
const backOffSeconds = { min: 10, max: 600 };

export type CheckDeps = Pick<WorkerDeps, 'pool' | 'adapters' | 'secretBox' | 'log'>;

/** Asks the provider about one claimed key and writes down what it says. */
export async function checkProviderKey(key: DueKey, { pool, adapters, secretBox, log }: CheckDeps): Promise<void> {
  const about = log.child({ provider_key_id: key.id, organization_id: key.organization_id, provider: key.provider });
  let apiKey: string;
  try {
    apiKey = secretBox.open(key.ciphertext, providerKeyContext(key.organization_id, key.provider));
  } catch (err) {
    if (!(err instanceof SecretBoxError)) throw err;
    about.error({ err }, 'a provider key could not be decrypted; is a master key missing here?');
    await recordVerdict(pool, key, { isValid: false, problem: keyProblems.undecryptable });
    return;
  }
  let verdict: KeyVerdict;
  try {
    verdict = await ask(key, apiKey, adapters);
  } catch (err) {
    // Whatever it was, nothing is known of the key: the last verdict stands and the question is asked again.
    const seconds = nextWait(key, err);
    about.warn({ err, seconds }, 'a provider could not be asked about a key');
    await putOff(pool, key, seconds, keyProblems.unreachable);
    return;
  }
  const problem = verdict.isValid ? null : keyProblems.refused;
  const isWritten = await recordVerdict(pool, key, { isValid: verdict.isValid, problem });
  about.info({ ...verdict, isWritten }, 'a provider key was checked');
}

async function ask(key: DueKey, apiKey: string, adapters: CheckDeps['adapters']): Promise<KeyVerdict> {
  const provider = adapters.withKey(key.provider, { apiKey, baseUrl: key.base_url });
  // A newer worker may know it.
  if (provider === undefined) throw new ProviderUnreachable('this worker has no such provider');
  return provider.checkKey({ requestId: key.id, signal: AbortSignal.timeout(timeoutMs) });
}

/** Twice the last wait, or longer when the provider says so. */
function nextWait({ waited_seconds: waited }: DueKey, error: unknown): number {
  const asked = error instanceof ProviderUnreachable ? (error.retryAfterMs ?? 0) / 1000 : 0;
  return Math.min(backOffSeconds.max, Math.max(backOffSeconds.min, 2 * waited, asked));
}
