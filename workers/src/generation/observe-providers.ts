import type { Metrics } from '@base/shared/metrics/metrics';
import type { Provider } from '../providers/provider.ts';
import type { Providers } from '../providers/registry.ts';

/** The same providers, with each call's time and outcome measured. */
export function observeProviders(providers: Providers, metrics: Metrics): Providers {
  const wrap = (provider: Provider | undefined) => provider && observe(provider, metrics);
  return {
    withPlatformKey: (id) => wrap(providers.withPlatformKey(id)),
    withKey: (id, key) => wrap(providers.withKey(id, key)),
  };
}

function observe(provider: Provider, metrics: Metrics): Provider {
  const measure = async <T extends { kind: string }>(operation: string, call: () => Promise<T>): Promise<T> => {
    const end = metrics.providerRequestDuration.startTimer({ provider: provider.id, operation });
    try {
      const result = await call();
      end({ outcome: result.kind });
      return result;
    } catch (error) {
      end({ outcome: 'unreachable' });
      throw error;
    }
  };
  return {
    ...provider,
    submit: (request) => measure('submit', () => provider.submit(request)),
    poll: (taskId, request) => measure('poll', () => provider.poll(taskId, request)),
  };
}
