import { randomUUID } from 'node:crypto';
import { findViolations } from '../../field-rules.ts';
import { planTask } from '../../plan-task.ts';
import type { Sandbox } from '../../sandbox.ts';
import { type CallbackPlan, signStandardWebhook } from '../../send-callbacks.ts';
import type { Task } from '../../task.ts';
import type { PaidCall, PaidEndpoint, Verdict } from '../provider.ts';
import type { FreepikModel } from './model.ts';
import { presentTaskDetail } from './present-task.ts';
import { describeViolation, freepikVoice, invalidParams } from './replies.ts';

/** POST to a model's path. */
export function createTask(sandbox: Sandbox, model: FreepikModel): PaidEndpoint {
  return {
    voice: freepikVoice,
    readPrompt: (body) => body.prompt,
    submit: (call) => submit(sandbox, model, call),
  };
}

function submit(sandbox: Sandbox, model: FreepikModel, call: PaidCall): Verdict {
  const { body } = call;
  const problems = [...findViolations(body, model.rules).map(describeViolation), ...(model.check?.(body) ?? [])];
  if (problems.length > 0) return { isAccepted: false, reply: invalidParams(problems) };
  const task = planTask(sandbox, call, {
    id: randomUUID(),
    provider: freepikVoice.name,
    model: model.name,
    variant: model.path,
    input: body,
    ...model.measure(body),
    // The task schema has no field for a reason, so that these are for the book only.
    refusal: 'nsfw',
    failure: 'failed',
  });
  const data = { task_id: task.id, status: 'CREATED', ...(model.isListedAtOnce && { generated: [] }) };
  return {
    isAccepted: true,
    task,
    answer: () => ({ status: 200, body: { data } }),
    callback: callbackOf(model, call, task),
  };
}

/** The body of a callback is the task without the `data` around it. */
function callbackOf(model: FreepikModel, { req, body, directives }: PaidCall, task: Task): CallbackPlan | null {
  if (typeof body.webhook_url !== 'string') return null;
  return {
    url: body.webhook_url,
    events: ['start', 'completed'],
    body: () => presentTaskDetail(req, model, task),
    // The vendor's samples take the secret as it is, not as base64.
    sign: signStandardWebhook(Buffer.from(webhookSecret)),
    manner: directives.callback,
  };
}

/** What callbacks are signed with. The same for every key; the vendor shows it on a page, not over the API. */
const webhookSecret = 'freepik-sandbox-webhook-secret';
