import type { Request } from 'express';
import { outputPath } from '../../deliver-output.ts';
import { type Task, type TaskPhase, taskState } from '../../task.ts';
import { sandboxOrigin } from '../provider.ts';
import type { FreepikModel } from './model.ts';

const statuses: Record<TaskPhase, string> = {
  starting: 'CREATED',
  processing: 'IN_PROGRESS',
  succeeded: 'COMPLETED',
  failed: 'FAILED',
  // Not in the published list of statuses, but the vendor's own client knows it as a failure.
  canceled: 'CANCELLED',
  aborted: 'CANCELLED',
};

/** A task as lists show it. */
export function presentTask(task: Task) {
  return { task_id: task.id, status: statuses[taskState(task, Date.now()).phase] };
}

/** A task with its outputs. */
export function presentTaskDetail(req: Request, model: FreepikModel, task: Task) {
  const summary = presentTask(task);
  const isDone = summary.status === 'COMPLETED';
  const generated = isDone ? outputUrls(req, task) : [];
  const isRefused = summary.status === 'FAILED' && task.fault === 'refused';
  return {
    ...summary,
    generated,
    ...(model.hasNsfwFlags && (isDone || isRefused) && { has_nsfw: isRefused ? [true] : generated.map(() => false) }),
  };
}

/** Where the outputs of a task are once it is done. */
export function outputUrls(req: Request, task: Task): string[] {
  if (task.fault === 'empty_output') return [];
  const origin = sandboxOrigin(req);
  return Array.from(
    { length: task.picture.count },
    (_, index) => `${origin}/freepik-delivery/${outputPath(task, index)}`,
  );
}
