import type { WorkerDeps } from '../start/deps.ts';

/** Metrics by name, see start/report-schedules.ts. */
export type Figures = Record<string, number>;

/** Work that is due every so often and runs once for the whole fleet, whichever worker gets to it first. */
export interface Schedule {
  name: string;
  everySeconds: number;
  /** May give figures, which every worker then shows in its metrics. */
  run(deps: WorkerDeps): Promise<Figures | undefined>;
}
