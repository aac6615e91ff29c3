import { randomUUID } from 'node:crypto';
import { type FieldRules, findViolations, isJsonObject } from '../../field-rules.ts';
import { planTask } from '../../plan-task.ts';
import type { Sandbox } from '../../sandbox.ts';
import { type CallbackPlan, signStandardWebhook } from '../../send-callbacks.ts';
import type { Reply } from '../../send-reply.ts';
import { acceptedState, type Task } from '../../task.ts';
import { waitForClient } from '../../wait-for-client.ts';
import type { PaidCall, PaidEndpoint, Verdict } from '../provider.ts';
import type { ReplicateModel } from './model.ts';
import { findModelByVersion, findOfficialModel } from './models.ts';
import { presentPrediction } from './present-prediction.ts';
import { describeViolation, invalidFields, notFound, problem, replicateVoice, unknownVersion } from './replies.ts';
import { webhookSecret } from './webhook-secret.ts';

const envelope: FieldRules = {
  input: { type: 'object', isRequired: true },
  stream: { type: 'boolean' },
  webhook: { type: 'string', pattern: /^https?:\/\// },
  webhook_events_filter: {
    type: 'array',
    item: { type: 'string', values: ['start', 'output', 'logs', 'completed'] },
  },
};
const versionEnvelope: FieldRules = { version: { type: 'string', isRequired: true }, ...envelope };

/** POST /models/{owner}/{name}/predictions */
export function createByModel(sandbox: Sandbox): PaidEndpoint {
  return endpoint((call) => {
    const model = findOfficialModel(`${call.req.params.owner}/${call.req.params.name}`);
    return model ? submit(sandbox, call, model, envelope, 'hidden') : { isAccepted: false, reply: notFound() };
  });
}

/** POST /predictions */
export function createByVersion(sandbox: Sandbox): PaidEndpoint {
  return endpoint((call) => {
    const { version } = call.body;
    if (typeof version !== 'string') {
      return reject(invalidFields(findViolations(call.body, versionEnvelope).map(describeViolation)));
    }
    const model = findModelByVersion(version);
    if (!model) return reject(unknownVersion());
    const variant = model.versions.length === 0 ? 'hidden' : (version.split(':').at(-1) ?? version);
    return submit(sandbox, call, model, versionEnvelope, variant);
  });
}

function endpoint(submitCall: (call: PaidCall) => Verdict): PaidEndpoint {
  return {
    voice: replicateVoice,
    readPrompt: (body) => (isJsonObject(body.input) ? body.input.prompt : undefined),
    submit: submitCall,
  };
}

function submit(sandbox: Sandbox, call: PaidCall, model: ReplicateModel, rules: FieldRules, variant: string): Verdict {
  const input = isJsonObject(call.body.input) ? call.body.input : {};
  const violations = findViolations(call.body, {
    ...rules,
    input: { type: 'object', isRequired: true, fields: model.rules },
  });
  const fields = [...violations.map(describeViolation), ...(model.check?.(input) ?? [])];
  if (fields.length > 0) return reject(invalidFields(fields));
  const waitMs = readWait(call.req.get('prefer'));
  if (waitMs === null)
    return reject(problem(400, 'Bad request', 'Prefer must be wait or wait=n, with n from 1 to 60.'));
  const lifetimeMs = readCancelAfter(call.req.get('cancel-after'));
  if (lifetimeMs === null) {
    return reject(
      problem(400, 'Bad request', 'Cancel-After must be a duration of 5 seconds or more, such as 30s or 5m.'),
    );
  }
  const task = planTask(sandbox, call, {
    id: randomUUID().replaceAll('-', '').slice(0, 26),
    provider: replicateVoice.name,
    model: model.name,
    variant,
    input,
    ...model.measure(input),
    refusal: 'NSFW content detected. Try running it again, or try a different prompt.',
    failure: 'Prediction failed: the model could not complete the request.',
    deadlineAtMs: lifetimeMs === undefined ? null : call.nowMs + lifetimeMs,
  });
  return { isAccepted: true, task, answer: () => answer(call, task, waitMs), callback: callbackOf(call, task) };
}

/** Answers at once, or holds the answer up to `waitMs`: 201 with the result, 202 when there is none by then. */
async function answer(call: PaidCall, task: Task, waitMs: number | undefined): Promise<Reply | null> {
  if (waitMs === undefined) return { status: 201, body: presentPrediction(call.req, task, acceptedState) };
  const endsInMs = task.ending === 'never' ? Number.POSITIVE_INFINITY : task.latencyMs;
  const isStillThere = await waitForClient(call.res, Math.min(waitMs, endsInMs));
  if (!isStillThere) return null;
  const body = presentPrediction(call.req, task);
  return { status: body.completed_at ? 201 : 202, body };
}

/** The body of a callback is the prediction itself. */
function callbackOf({ req, body, directives }: PaidCall, task: Task): CallbackPlan | null {
  if (typeof body.webhook !== 'string') return null;
  const filter: unknown = body.webhook_events_filter;
  const wants = (event: string) => !Array.isArray(filter) || filter.includes(event);
  return {
    url: body.webhook,
    events: (['start', 'completed'] as const).filter(wants),
    body: () => presentPrediction(req, task),
    sign: signStandardWebhook(Buffer.from(webhookSecret.replace('whsec_', ''), 'base64')),
    manner: directives.callback,
  };
}

/** Milliseconds of `Prefer: wait[=n]`, undefined without the header, null when it is wrong. */
function readWait(prefer: string | undefined): number | undefined | null {
  if (prefer === undefined) return undefined;
  const match = /^wait(?:=([1-9]|[1-5][0-9]|60))?$/.exec(prefer.trim());
  return match ? Number(match[1] ?? 60) * 1000 : null;
}

/** Milliseconds of `Cancel-After: 1h30m45s` or plain seconds, undefined without the header, null when it is wrong. */
function readCancelAfter(duration: string | undefined): number | undefined | null {
  if (duration === undefined) return undefined;
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/.exec(duration.trim());
  if (!match) return null;
  const [hours, minutes, seconds] = [match[1], match[2], match[3]].map((part) => Number(part ?? 0));
  const totalSeconds = (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  return totalSeconds >= 5 ? totalSeconds * 1000 : null;
}

function reject(reply: Reply): Verdict {
  return { isAccepted: false, reply };
}
