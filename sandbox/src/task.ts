import type { TaskFault } from './faults.ts';

/**
 * The life of a task. Nothing ticks: the phase is worked out from the clock whenever somebody asks.
 *
 *   starting ──▶ processing ──▶ succeeded | failed | canceled     (what it ends as is decided when it is accepted)
 *      │             └────────▶ canceled                           (the client cancels, or the deadline passes)
 *      └──────────────────────▶ aborted                            (the same, before it started running)
 */
export type TaskPhase = 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted';

export type PictureFormat = 'webp' | 'jpeg' | 'png';

interface Measures {
  width: number;
  height: number;
  count: number;
  isTiny: boolean;
}

/** A video shows one picture for so many seconds, padded out to about `bytes` when that is not null. */
export interface VideoOrder extends Measures {
  format: 'mp4';
  seconds: number;
  bytes: number | null;
}

/** What the task draws. */
export type PictureOrder = (Measures & { format: PictureFormat }) | VideoOrder;

export interface Task {
  id: string;
  provider: string;
  /** The key that made it: lists show a caller its own tasks only. */
  account: string;
  model: string;
  /** The version or path it was made with, as the provider's answers repeat it. */
  variant: string;
  prompt: string;
  input: Record<string, unknown>;
  picture: PictureOrder;
  createdAtMs: number;
  latencyMs: number;
  ending: 'succeeded' | 'failed' | 'canceled' | 'never';
  error: string | null;
  fault: TaskFault | null;
  deadlineAtMs: number | null;
  canceledAtMs: number | null;
  pollErrorsLeft: number;
  pollCount: number;
  downloadCount: number;
}

export interface TaskState {
  phase: TaskPhase;
  startedAtMs: number | null;
  /** Set exactly when the phase is final. */
  completedAtMs: number | null;
}

/** The part of its latency that a task spends in the queue. */
const startingShare = 0.2;

/** The state of a task at `nowMs`. */
export function taskState(task: Task, nowMs: number): TaskState {
  const startsAtMs = task.createdAtMs + Math.floor(task.latencyMs * startingShare);
  const endsAtMs = task.ending === 'never' ? Number.POSITIVE_INFINITY : task.createdAtMs + task.latencyMs;
  const stopsAtMs = Math.min(
    task.canceledAtMs ?? Number.POSITIVE_INFINITY,
    task.deadlineAtMs ?? Number.POSITIVE_INFINITY,
  );
  if (stopsAtMs < endsAtMs && nowMs >= stopsAtMs) {
    const isStarted = stopsAtMs >= startsAtMs;
    return {
      phase: isStarted ? 'canceled' : 'aborted',
      startedAtMs: isStarted ? startsAtMs : null,
      completedAtMs: stopsAtMs,
    };
  }
  if (task.ending !== 'never' && nowMs >= endsAtMs) {
    return { phase: task.ending, startedAtMs: startsAtMs, completedAtMs: endsAtMs };
  }
  if (nowMs >= startsAtMs) return { phase: 'processing', startedAtMs: startsAtMs, completedAtMs: null };
  return { phase: 'starting', startedAtMs: null, completedAtMs: null };
}

/** How much of the work is done at `nowMs`, in percent; 100 only once the task has succeeded. */
export function taskProgress(task: Task, state: TaskState, nowMs: number): number {
  if (state.phase === 'succeeded') return 100;
  if (state.startedAtMs === null) return 0;
  const workMs = task.createdAtMs + task.latencyMs - state.startedAtMs;
  const workedMs = Math.min(nowMs, state.completedAtMs ?? nowMs) - state.startedAtMs;
  return workMs <= 0 ? 99 : Math.min(99, Math.floor((workedMs / workMs) * 100));
}

/** The state that a create call reports: accepted, nothing done yet. */
export const acceptedState: TaskState = { phase: 'starting', startedAtMs: null, completedAtMs: null };

/** Takes one from the status errors that the task still owes; says whether this status call fails. */
export function takePollError(task: Task): boolean {
  task.pollCount += 1;
  if (task.pollErrorsLeft <= 0) return false;
  task.pollErrorsLeft -= 1;
  return true;
}
