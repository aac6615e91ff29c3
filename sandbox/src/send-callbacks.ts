import { createHmac, randomUUID } from 'node:crypto';
import { type Task, taskState } from './task.ts';

export type CallbackEvent = 'start' | 'completed';

/** Where and how a provider tells the caller about one task. */
export interface CallbackPlan {
  url: string;
  signingKey: Buffer;
  events: readonly CallbackEvent[];
  /** What is sent: the task as it is at that moment. */
  body: () => unknown;
}

const lookAgainMs = 250;
const watchedForMs = 3_600_000;
const timeoutMs = 5_000;
/** Only the last event is worth repeating; the providers repeat it for about a minute. */
const retryDelaysMs = [500, 2_000, 8_000, 30_000];
const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Calls back when the task starts running and when it is over, signed as Standard Webhooks prescribe. Other machines
 * are never called: a sandbox has no business beyond the one that it runs on.
 */
export function sendCallbacks(task: Task, plan: CallbackPlan): void {
  if (!URL.canParse(plan.url) || !loopbackHosts.has(new URL(plan.url).hostname)) return;
  let isStartTold = !plan.events.includes('start');
  const look = () => {
    const nowMs = Date.now();
    const { startedAtMs, completedAtMs } = taskState(task, nowMs);
    if (!isStartTold && startedAtMs !== null) {
      isStartTold = true;
      if (completedAtMs === null) void post(plan, []);
    }
    if (completedAtMs !== null) {
      if (plan.events.includes('completed')) void post(plan, retryDelaysMs);
    } else if (nowMs - task.createdAtMs < watchedForMs) {
      // The client may cancel at any moment, so a far-off end is not slept through.
      const restMs = task.createdAtMs + task.latencyMs - nowMs;
      setTimeout(look, restMs > 0 ? Math.min(restMs, lookAgainMs) : lookAgainMs).unref();
    }
  };
  // Not before the create call is answered, or the caller would hear of a task that it does not know.
  setTimeout(look, Math.min(task.latencyMs, lookAgainMs)).unref();
}

async function post(plan: CallbackPlan, delaysMs: readonly number[]): Promise<void> {
  if (await postOnce(plan)) return;
  const [delayMs, ...laterMs] = delaysMs;
  if (delayMs !== undefined) setTimeout(() => void post(plan, laterMs), delayMs).unref();
}

async function postOnce({ url, signingKey, body }: CallbackPlan): Promise<boolean> {
  const id = `msg_${randomUUID()}`;
  const timestamp = Math.floor(Date.now() / 1000);
  const text = JSON.stringify(body());
  const signature = createHmac('sha256', signingKey).update(`${id}.${timestamp}.${text}`).digest('base64');
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': `v1,${signature}`,
      },
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
