import type { Request } from 'express';
import { outputPath } from '../../deliver-output.ts';
import { progressLines } from '../../media/progress-bar.ts';
import { type Task, type TaskState, taskState } from '../../task.ts';
import { sandboxOrigin } from '../provider.ts';
import { findModel } from './models.ts';

/** Inputs and outputs are removed an hour after a prediction has ended. */
export const dataKeptForMs = 3_600_000;

/** A prediction as the API shows it. */
export function presentPrediction(req: Request, task: Task, state: TaskState = taskState(task, Date.now())) {
  const origin = sandboxOrigin(req);
  const self = `${origin}/replicate/v1/predictions/${task.id}`;
  const nowMs = Date.now();
  const isRemoved = state.completedAtMs !== null && nowMs - state.completedAtMs > dataKeptForMs;
  return {
    id: task.id,
    model: task.model,
    version: task.variant,
    input: isRemoved ? {} : task.input,
    logs: isRemoved ? '' : progressLines(task, state, nowMs).join('\n'),
    output: isRemoved ? null : presentOutput(origin, task, state),
    data_removed: isRemoved,
    error: state.phase === 'failed' ? task.error : null,
    source: 'api',
    status: state.phase,
    created_at: new Date(task.createdAtMs).toISOString(),
    ...(state.startedAtMs !== null && { started_at: new Date(state.startedAtMs).toISOString() }),
    ...(state.completedAtMs !== null && {
      completed_at: new Date(state.completedAtMs).toISOString(),
      metrics: {
        predict_time: (state.completedAtMs - (state.startedAtMs ?? state.completedAtMs)) / 1000,
        total_time: (state.completedAtMs - task.createdAtMs) / 1000,
      },
    }),
    ...(task.deadlineAtMs !== null && { deadline: new Date(task.deadlineAtMs).toISOString() }),
    urls: { get: self, cancel: `${self}/cancel`, web: `https://replicate.com/p/${task.id}` },
  };
}

function presentOutput(origin: string, task: Task, state: TaskState): string | string[] | null {
  if (state.phase !== 'succeeded') return null;
  const isList = findModel(task.model)?.isOutputList ?? false;
  if (task.fault === 'empty_output') return isList ? [] : null;
  const url = (index: number) => `${origin}/replicate-delivery/${outputPath(task, index)}`;
  return isList ? Array.from({ length: task.picture.count }, (_, index) => url(index)) : url(0);
}
