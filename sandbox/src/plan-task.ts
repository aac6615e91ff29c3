import type { PaidCall } from './providers/provider.ts';
import type { Sandbox } from './sandbox.ts';
import { shortenFields } from './shorten-strings.ts';
import type { PictureFormat, Task } from './task.ts';

/** What the provider decides about a task; the rest follows from the call. */
export interface TaskPlan {
  id: string;
  provider: string;
  model: string;
  variant: string;
  input: Record<string, unknown>;
  width: number;
  height: number;
  count: number;
  format: PictureFormat;
  /** In the provider's words, for tasks that are to fail. */
  refusal: string;
  failure: string;
  deadlineAtMs?: number | null;
}

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
    picture: {
      width: plan.width,
      height: plan.height,
      format: plan.format,
      count: plan.count,
      isTiny: directives.isPictureTiny ?? sandbox.isPictureTiny,
    },
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

function endingOf(fault: PaidCall['fault']): Task['ending'] {
  if (fault === 'refused' || fault === 'task_failed') return 'failed';
  if (fault === 'canceled') return 'canceled';
  return fault === 'never_ends' ? 'never' : 'succeeded';
}
