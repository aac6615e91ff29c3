import type { Metrics } from '@base/shared/metrics/metrics';
import type { Provider } from '../providers/provider.ts';

/** The same providers, with each call's time and outcome measured. */
export function observeProviders(providers: ReadonlyMap<string, Provider>, metrics: Metrics): Map<string, Provider> {
  return new Map([...providers].map(([id, provider]) => [id, observe(provider, metrics)]));
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
