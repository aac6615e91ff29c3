import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallbackManner } from './directives.ts';
import { type Task, taskState } from './task.ts';

export type CallbackEvent = 'start' | 'completed';

/** One message. It keeps its id when it is sent again. */
export interface CallbackMessage {
  id: string;
  /** Unix seconds at which it is sent. */
  timestamp: number;
  text: string;
}

/** Where and how a provider tells the caller about one task. */
export interface CallbackPlan {
  url: string;
  events: readonly CallbackEvent[];
  /** What is sent: the task as it is at that moment. */
  body: () => unknown;
  /** The headers that tell the receiver who sends this. */
  sign: (message: CallbackMessage) => Record<string, string>;
  /** What the caller asked to go wrong. */
  manner: CallbackManner | undefined;
}

const lookAgainMs = 250;
const watchedForMs = 3_600_000;
const timeoutMs = 5_000;
const lateMs = 3_000;
/** Only the last event is worth repeating; the providers repeat it for about a minute. */
const retryDelaysMs = [500, 2_000, 8_000, 30_000];
const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Signs as Standard Webhooks prescribe. */
export function signStandardWebhook(key: Buffer): CallbackPlan['sign'] {
  return ({ id, timestamp, text }) => ({
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')}`,
  });
}

/**
 * Calls back when the task starts running and when it is over. Other machines are never called: a sandbox has no
 * business beyond the one that it runs on.
 */
export function sendCallbacks(task: Task, plan: CallbackPlan): void {
  if (plan.manner === 'none' || !URL.canParse(plan.url) || !loopbackHosts.has(new URL(plan.url).hostname)) return;
  let isStartTold = !plan.events.includes('start');
  const look = () => {
    const nowMs = Date.now();
    const { startedAtMs, completedAtMs } = taskState(task, nowMs);
    if (!isStartTold && startedAtMs !== null) {
      isStartTold = true;
      if (completedAtMs === null) void post(plan, newId(), []);
    }
    if (completedAtMs !== null) {
      if (plan.events.includes('completed')) void tellEnd(plan);
    } else if (nowMs - task.createdAtMs < watchedForMs) {
      // The client may cancel at any moment, so a far-off end is not slept through.
      const restMs = task.createdAtMs + task.latencyMs - nowMs;
      setTimeout(look, restMs > 0 ? Math.min(restMs, lookAgainMs) : lookAgainMs).unref();
    }
  };
  // Not before the create call is answered, or the caller would hear of a task that it does not know.
  setTimeout(look, Math.min(task.latencyMs, lookAgainMs)).unref();
}

async function tellEnd(plan: CallbackPlan): Promise<void> {
  const id = newId();
  if (plan.manner === 'late') await sleep(lateMs, undefined, { ref: false });
  if (plan.manner === 'forged') await postOnce(plan, id, true);
  await post(plan, id, retryDelaysMs);
  if (plan.manner === 'duplicate') await post(plan, id, retryDelaysMs);
}

async function post(plan: CallbackPlan, id: string, delaysMs: readonly number[]): Promise<void> {
  if (await postOnce(plan, id)) return;
  for (const delayMs of delaysMs) {
    await sleep(delayMs, undefined, { ref: false });
    if (await postOnce(plan, id)) return;
  }
}

async function postOnce({ url, body, sign }: CallbackPlan, id: string, isForged = false): Promise<boolean> {
  const text = JSON.stringify(await body());
  const message = { id, timestamp: Math.floor(Date.now() / 1000), text };
  // A forger has no key; a signature for other words is as good as his.
  const signature = sign(isForged ? { ...message, text: `${text} ` } : message);
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signature },
      body: text,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // A receiver that is down is what the retries are for.
  }
}

function newId(): string {
  return `msg_${randomUUID()}`;
}
