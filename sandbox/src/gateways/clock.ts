/**
 * The time of the payment gateways. It runs with real time, and can be put forward by months in one step: what falls due
 * on the way happens in order, each thing at its own time. It never goes back.
 */
export interface GatewayClock {
  now(): Date;
  /**
   * Runs what falls due until `date`, in time order, and leaves the clock there: running, or standing still until it is
   * moved again. A date that has passed is refused.
   */
  advanceTo(date: Date, standsStill?: boolean): void;
  /** Runs `task` once the clock has reached `at`: on the way of an advance, or when real time gets there. */
  schedule(at: Date, task: () => void): void;
  /** Runs what real time has made due since. Whoever is about to show a state calls it first. */
  runDue(): void;
}

interface ScheduledTask {
  atMs: number;
  run: () => void;
}

/** setTimeout takes no longer delays than 2^31 - 1 ms; a day is far below and as good. */
const longestSleepMs = 86_400_000;

/** A clock that shows real time until it is put forward. */
export function createGatewayClock(): GatewayClock {
  /** Sorted by time; what falls due at the same moment runs in the order of scheduling. */
  const tasks: ScheduledTask[] = [];
  let offsetMs = 0;
  /** While a task runs, the clock stands still at the task's own time. */
  let standingAtMs: number | null = null;
  let stoppedAtMs: number | null = null;
  let timer: NodeJS.Timeout | undefined;

  const nowMs = () => standingAtMs ?? stoppedAtMs ?? Date.now() + offsetMs;

  const runUntil = (targetMs: number) => {
    try {
      for (let next = tasks[0]; next && next.atMs <= targetMs; next = tasks[0]) {
        tasks.shift();
        standingAtMs = next.atMs;
        next.run();
      }
    } finally {
      standingAtMs = null;
    }
  };

  const runDue = () => {
    // A task that asks is already inside a run.
    if (standingAtMs === null) runUntil(nowMs());
  };

  const sleepUntilNext = () => {
    clearTimeout(timer);
    const [next] = tasks;
    if (!next) return;
    const restMs = Math.min(Math.max(0, next.atMs - nowMs()), longestSleepMs);
    if (stoppedAtMs !== null && restMs > 0) return;
    timer = setTimeout(() => {
      runDue();
      sleepUntilNext();
    }, restMs).unref();
  };

  return {
    now: () => new Date(nowMs()),
    runDue,
    advanceTo: (date, standsStill = false) => {
      if (standingAtMs !== null) throw new Error('a scheduled task cannot advance the clock');
      const targetMs = date.getTime();
      // Written so that an invalid date is refused, too.
      if (!(targetMs >= nowMs())) throw new RangeError(`the clock is already at ${new Date(nowMs()).toISOString()}`);
      runUntil(targetMs);
      offsetMs = targetMs - Date.now();
      stoppedAtMs = standsStill ? targetMs : null;
      sleepUntilNext();
    },
    schedule: (at, run) => {
      const atMs = at.getTime();
      let index = tasks.length;
      while (index > 0 && (tasks[index - 1]?.atMs ?? 0) > atMs) index -= 1;
      tasks.splice(index, 0, { atMs, run });
      if (index === 0 && standingAtMs === null) sleepUntilNext();
    },
  };
}
