/** How long load lasts: a time to measure in, or a number of requests, which is the same work on any machine. */
export type LoadAmount = { seconds: number } | { requests: number };

/** How much of everything one run of the benchmark does. */
export interface BenchPlan {
  organizations: number;
  connections: readonly number[];
  /** Of each cell of the admission table; the median counts. */
  runs: number;
  run: LoadAmount;
  warmUp: LoadAmount;
  singleRequest: LoadAmount;
  oversell: { credits: number; requests: number; connections: number };
  limits: { batches: number; singleCalls: number; bulkAdds: number };
  lifeCycle: { jobs: number; warmUpJobs: number; concurrencies: readonly number[] };
  wholeJobs: number;
  bareMessages: number;
  settleBatches: number;
  inFlight: InFlightPlan;
  fairness: FairnessPlan;
  ageing: { seconds: number; perSecond: number; freeEverySeconds: number; concurrency: number };
  /** Each video in a process of its own. */
  outputs: { heapMb: number; streamedMb: readonly number[]; bufferedMb: number };
  /** Event streams that one node has open. */
  streams: number;
  webhooks: WebhooksPlan;
}

export interface WebhooksPlan {
  slots: number;
  /** For the rate. */
  messages: number;
  healthy: number;
  hanging: number;
  perHanging: number;
  /** For the delay: so many messages to each healthy receiver, so far apart. */
  rounds: number;
  gapMs: number;
  timeoutMs: number;
}

export interface InFlightPlan {
  jobs: number;
  slots: number;
  /** How long the provider works on a task. */
  latencyMs: number;
  /** How long they are watched once all are under way. */
  watchMs: number;
  leaseSeconds: number;
  pollIntervalMs: number;
  /** With the usual way of waiting. */
  held: { jobs: number; latencyMs: number };
}

export interface FairnessPlan {
  flood: number;
  slots: number;
  /** Stretches with the flood alone and as many with the light tenant beside it, in turns. */
  rounds: number;
  /** Jobs of the light tenant in each of them. */
  lightJobs: number;
  gapMs: number;
}

export const fullPlan: BenchPlan = {
  organizations: 1_000,
  connections: [64, 256],
  runs: 3,
  run: { seconds: 2 },
  warmUp: { seconds: 1.5 },
  singleRequest: { seconds: 2 },
  oversell: { credits: 100, requests: 2_000, connections: 256 },
  limits: { batches: 100, singleCalls: 2_000, bulkAdds: 400 },
  lifeCycle: { jobs: 4_000, warmUpJobs: 1_000, concurrencies: [50, 200] },
  wholeJobs: 150,
  bareMessages: 15_000,
  settleBatches: 40,
  inFlight: {
    jobs: 2_500,
    slots: 50,
    latencyMs: 40_000,
    watchMs: 8_000,
    leaseSeconds: 45,
    pollIntervalMs: 2_000,
    held: { jobs: 100, latencyMs: 2_000 },
  },
  fairness: { flood: 50_000, slots: 50, rounds: 4, lightJobs: 10, gapMs: 200 },
  ageing: { seconds: 300, perSecond: 10, freeEverySeconds: 10, concurrency: 10 },
  outputs: { heapMb: 256, streamedMb: [1_024, 200], bufferedMb: 200 },
  streams: 10_000,
  webhooks: {
    slots: 50,
    messages: 5_000,
    healthy: 20,
    hanging: 100,
    perHanging: 5,
    rounds: 30,
    gapMs: 250,
    timeoutMs: 3_000,
  },
};

/** Runs every line of the benchmark in a few seconds; its figures mean nothing. */
export const quickPlan: BenchPlan = {
  organizations: 20,
  connections: [8],
  runs: 1,
  run: { requests: 80 },
  warmUp: { requests: 64 },
  singleRequest: { requests: 20 },
  oversell: { credits: 100, requests: 200, connections: 32 },
  limits: { batches: 2, singleCalls: 16, bulkAdds: 2 },
  lifeCycle: { jobs: 40, warmUpJobs: 10, concurrencies: [50] },
  wholeJobs: 4,
  bareMessages: 100,
  settleBatches: 1,
  inFlight: {
    jobs: 40,
    slots: 10,
    latencyMs: 3_000,
    watchMs: 200,
    leaseSeconds: 5,
    pollIntervalMs: 200,
    held: { jobs: 12, latencyMs: 1_000 },
  },
  fairness: { flood: 2_000, slots: 50, rounds: 1, lightJobs: 5, gapMs: 20 },
  ageing: { seconds: 300, perSecond: 1, freeEverySeconds: 50, concurrency: 10 },
  outputs: { heapMb: 256, streamedMb: [8], bufferedMb: 8 },
  streams: 60,
  webhooks: { slots: 20, messages: 40, healthy: 4, hanging: 20, perHanging: 2, rounds: 2, gapMs: 50, timeoutMs: 1_000 },
};
