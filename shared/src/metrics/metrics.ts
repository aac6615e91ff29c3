import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export interface Metrics {
  registry: Registry;
  httpRequestDuration: Histogram<'method' | 'route' | 'status'>;
  rateLimitDecisions: Counter<'store' | 'outcome'>;
  jobsAdmitted: Counter<'type' | 'provider'>;
  jobOutcomes: Counter<'status' | 'type' | 'provider'>;
  providerRequestDuration: Histogram<'provider' | 'operation' | 'outcome'>;
  providerHeldBack: Counter<'provider'>;
}

/** The metrics of one process, in a registry of their own. Labels have few values: routes are templates, never paths. */
export function createMetrics(options: { process: string; withDefaults?: boolean }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ process: options.process });
  if (options.withDefaults ?? true) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    httpRequestDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the first byte of a request to the end of its answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    rateLimitDecisions: new Counter({
      name: 'rate_limit_decisions_total',
      help: 'Rate limit decisions by the store that made them (redis, or memory while Redis does not answer).',
      labelNames: ['store', 'outcome'],
      registers,
    }),
    jobsAdmitted: new Counter({
      name: 'jobs_admitted_total',
      help: 'Jobs accepted with their credits on hold.',
      labelNames: ['type', 'provider'],
      registers,
    }),
    jobOutcomes: new Counter({
      name: 'job_outcomes_total',
      help: 'Jobs that ended, by how.',
      labelNames: ['status', 'type', 'provider'],
      registers,
    }),
    providerHeldBack: new Counter({
      name: 'provider_held_back_total',
      help: 'Paid calls that were put off because the provider’s breaker was open or it had asked for a pause.',
      labelNames: ['provider'],
      registers,
    }),
    providerRequestDuration: new Histogram({
      name: 'provider_request_duration_seconds',
      help: 'Time of single calls to providers.',
      labelNames: ['provider', 'operation', 'outcome'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
      registers,
    }),
  };
}
