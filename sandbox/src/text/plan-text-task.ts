import { planTask } from '../plan-task.ts';
import type { PaidCall } from '../providers/provider.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Task } from '../task.ts';

/** Makes the task of an accepted call whose result is text or speech: it draws nothing. */
export function planTextTask(
  sandbox: Sandbox,
  call: PaidCall,
  task: { id: string; provider: string; model: string; input?: Record<string, unknown> },
): Task {
  return planTask(sandbox, call, {
    ...task,
    variant: task.model,
    input: task.input ?? call.body,
    width: 0,
    height: 0,
    count: 0,
    format: 'png',
    refusal: '',
    failure: 'server_error',
  });
}
