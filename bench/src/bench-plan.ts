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
}

export const fullPlan: BenchPlan = {
  organizations: 1_000,
  connections: [64, 256],
  runs: 3,
  run: { seconds: 2.5 },
  warmUp: { seconds: 2 },
  singleRequest: { seconds: 2 },
  oversell: { credits: 100, requests: 2_000, connections: 256 },
  limits: { batches: 100, singleCalls: 2_000, bulkAdds: 400 },
  lifeCycle: { jobs: 4_000, warmUpJobs: 1_000, concurrencies: [50, 200] },
  wholeJobs: 150,
  bareMessages: 15_000,
  settleBatches: 40,
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
};
