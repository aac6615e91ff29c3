import type { PaidCall } from './providers/provider.ts';
import type { Sandbox } from './sandbox.ts';
import { shortenFields } from './shorten-strings.ts';
import type { PictureFormat, PictureOrder, Task } from './task.ts';

/** What a provider makes of the sizes and formats asked for: pictures, or one video. */
export type OutputPlan = { width: number; height: number; count: number } & (
  | { format: PictureFormat }
  | { format: 'mp4'; seconds: number }
);

/** What the provider decides about a task; the rest follows from the call. */
export type TaskPlan = OutputPlan & {
  id: string;
  provider: string;
  model: string;
  variant: string;
  input: Record<string, unknown>;
  /** In the provider's words, for tasks that are to fail. */
  refusal: string;
  failure: string;
  deadlineAtMs?: number | null;
};

/** Makes the task of an accepted call, with its end already decided by the call's fault. */
export function planTask(sandbox: Sandbox, call: PaidCall, plan: TaskPlan): Task {
  const { fault, directives } = call;
  return {
    id: plan.id,
    provider: plan.provider,
    account: call.key,
    model: plan.model,
    variant: plan.variant,
    prompt: call.prompt,
    input: shortenFields(plan.input),
    picture: orderOf(plan, directives.isPictureTiny ?? sandbox.isPictureTiny, directives.bytes ?? null),
    createdAtMs: call.nowMs,
    latencyMs: directives.latencyMs ?? sandbox.latencyMs,
    ending: endingOf(fault),
    error: fault === 'refused' ? plan.refusal : fault === 'task_failed' ? plan.failure : null,
    fault,
    deadlineAtMs: plan.deadlineAtMs ?? null,
    canceledAtMs: null,
    pollErrorsLeft: fault === 'poll_500' ? (directives.times ?? Number.POSITIVE_INFINITY) : 0,
    pollCount: 0,
    downloadCount: 0,
  };
}

function orderOf(plan: OutputPlan, isTiny: boolean, bytes: number | null): PictureOrder {
  const measures = { width: plan.width, height: plan.height, count: plan.count, isTiny };
  if (plan.format !== 'mp4') return { ...measures, format: plan.format };
  return { ...measures, format: plan.format, seconds: plan.seconds, bytes };
}

function endingOf(fault: PaidCall['fault']): Task['ending'] {
  if (fault === 'refused' || fault === 'task_failed') return 'failed';
  if (fault === 'canceled') return 'canceled';
  return fault === 'never_ends' ? 'never' : 'succeeded';
}
