import { keyProviders } from '@base/shared/contracts/provider-keys';
import { createLogger } from '@base/shared/log/logger';
import type { CheckKeyRequest, KeyVerdict, Provider } from '../../providers/provider.ts';
import type { OwnKey } from '../../providers/registry.ts';
import type { CheckDeps } from './check-provider-key.ts';

export interface TestWorker extends CheckDeps {
  /** Keys that the provider was asked about. */
  asked: string[];
  logged(): string;
}

/** What a provider is asked. */
export interface Question extends OwnKey {
  provider: string;
  request: CheckKeyRequest;
}

export type Answer = (question: Question) => Promise<KeyVerdict> | KeyVerdict;

/** A worker whose providers all answer so; providers that are not `known` it does not have. */
export function makeTestWorker(
  stores: Pick<CheckDeps, 'pool' | 'secretBox'>,
  answer: Answer,
  known: readonly string[] = keyProviders,
): TestWorker {
  const asked: string[] = [];
  const lines: string[] = [];
  const adapter = (provider: string, key: OwnKey): Provider => ({
    id: provider,
    callsBack: false,
    isOutputHost: () => false,
    submit: () => Promise.reject(new Error('nothing is to be bought')),
    poll: () => Promise.reject(new Error('nothing is to be polled')),
    async checkKey(request) {
      asked.push(key.apiKey);
      return answer({ provider, ...key, request });
    },
  });
  return {
    asked,
    logged: () => lines.join(''),
    ...stores,
    log: createLogger({ level: 'trace', process: 'test' }, { write: (line) => void lines.push(line) }),
    adapters: {
      withPlatformKey: () => undefined,
      withKey: (id, key) => (known.includes(id) ? adapter(id, key) : undefined),
    },
  };
}
