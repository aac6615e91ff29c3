import { randomUUID } from 'node:crypto';
import { findViolations } from '../../field-rules.ts';
import { planTask } from '../../plan-task.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { CallbackPlan } from '../../send-callbacks.ts';
import type { Task } from '../../task.ts';
import type { PaidCall, PaidEndpoint, Verdict } from '../provider.ts';
import { findFalModel } from './models.ts';
import { presentQueued, presentResult } from './present-request.ts';
import { describeViolation, detail, falVoice, invalid } from './replies.ts';
import { signFalWebhook } from './webhook-key.ts';

/** POST /{endpoint id}[?fal_webhook=]. The real queue takes any body and reports what is wrong with it as the result. */
export function createRequest(sandbox: Sandbox): PaidEndpoint {
  return { voice: falVoice, readPrompt: (body) => body.prompt, submit: (call) => submit(sandbox, call) };
}

function submit(sandbox: Sandbox, call: PaidCall): Verdict {
  const { body, req } = call;
  const id = req.path.slice(1);
  const model = findFalModel(id);
  if (!model) return { isAccepted: false, reply: detail(404, `Application "${id}" not found`) };
  const fields = findViolations(body, model.rules(body)).map(describeViolation);
  const webhook = req.query.fal_webhook;
  if (webhook !== undefined && !(typeof webhook === 'string' && /^https?:\/\//.test(webhook))) {
    fields.push({ loc: ['query', 'fal_webhook'], msg: 'Input should be a valid URL', type: 'url_parsing' });
  }
  if (fields.length > 0) return { isAccepted: false, reply: invalid(fields) };
  const task = planTask(sandbox, call, {
    id: randomUUID(),
    provider: falVoice.name,
    model: model.id,
    variant: model.id,
    input: body,
    ...model.measure(body),
    refusal: 'The content could not be processed because it contained material flagged by a content checker.',
    failure: 'Internal server error',
  });
  return {
    isAccepted: true,
    task,
    answer: () => ({
      status: 200,
      headers: { 'x-fal-request-id': task.id },
      body: presentQueued(req, task),
    }),
    callback: typeof webhook === 'string' ? callbackOf(sandbox, call, task, webhook) : null,
  };
}

/** The body of a callback is the result, or the error, with the request's id around it. */
function callbackOf(sandbox: Sandbox, { req, directives }: PaidCall, task: Task, url: string): CallbackPlan {
  return {
    url,
    events: ['completed'],
    body: async () => {
      const { status, body } = await presentResult(sandbox, req, task);
      return {
        request_id: task.id,
        gateway_request_id: task.id,
        ...(status === 200 ? { status: 'OK' } : { status: 'ERROR', error: `Invalid status code: ${status}` }),
        payload: body,
      };
    },
    sign: signFalWebhook(task.id),
    manner: directives.callback,
  };
}
