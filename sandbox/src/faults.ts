/**
 * What can go wrong on demand, by the moment at which it strikes:
 * - before: the provider accepted nothing and will charge nothing;
 * - after: the task was accepted, runs and is charged, but the caller is not told so;
 * - task: the create call is answered properly and the trouble comes with the task, its status calls or its output.
 */
const beforeFaults = ['401', '402', '429', '500', '503', '529', 'timeout', 'reset', 'html'] as const;
const afterFaults = ['500_after', 'timeout_after', 'reset_after', 'malformed'] as const;
const taskFaults = [
  'refused',
  'task_failed',
  'canceled',
  'never_ends',
  'expired_output',
  'empty_output',
  'not_an_image',
  'huge_output',
  'slow_output',
  'poll_500',
  'cut_stream',
  'stream_error',
  'no_usage',
] as const;

export type BeforeFault = (typeof beforeFaults)[number];
export type AfterFault = (typeof afterFaults)[number];
export type TaskFault = (typeof taskFaults)[number];
export type FaultName = BeforeFault | AfterFault | TaskFault;

export const faultNames: readonly FaultName[] = [...beforeFaults, ...afterFaults, ...taskFaults];

const stages = new Map<string, 'before' | 'after' | 'task'>([
  ...beforeFaults.map((name) => [name, 'before'] as const),
  ...afterFaults.map((name) => [name, 'after'] as const),
  ...taskFaults.map((name) => [name, 'task'] as const),
]);

export function isFaultName(name: string): name is FaultName {
  return stages.has(name);
}

export function isBeforeFault(name: FaultName | null): name is BeforeFault {
  return name !== null && stages.get(name) === 'before';
}

export function isAfterFault(name: FaultName | null): name is AfterFault {
  return name !== null && stages.get(name) === 'after';
}

export function isTaskFault(name: FaultName | null): name is TaskFault {
  return name !== null && stages.get(name) === 'task';
}
