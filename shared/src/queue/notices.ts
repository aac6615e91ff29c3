import type { Redis } from 'ioredis';
import * as z from 'zod';

/** "Look at this job now": sent to whoever listens. What is true stands in Postgres. */
export const notice = z.object({
  job_id: z.uuid(),
  status: z.string(),
  progress: z.number().optional(),
});
export type Notice = z.infer<typeof notice>;

const finalStatuses: ReadonlySet<string> = new Set(['completed', 'failed', 'canceled']);

/** One channel per organization. */
export function channelOf(prefix: string, organizationId: string): string {
  return `${prefix}:organization:${organizationId}`;
}

/** On which workers hear that webhooks may have something to deliver. */
export function webhookChannelOf(prefix: string): string {
  return `${prefix}:webhooks`;
}

/** Wakes whoever delivers webhooks; without it they look once a second. */
export function wakeWebhooks(redis: Redis, prefix: string): void {
  if (redis.status === 'ready') redis.publish(webhookChannelOf(prefix), '').catch(() => {});
}

/** Tells listeners; losing a notice only makes them notice later, so failures are ignored. */
export function sendNotices(redis: Redis, prefix: string, notices: { organizationId: string; notice: Notice }[]): void {
  if (redis.status !== 'ready') return;
  const pipeline = redis.pipeline();
  for (const entry of notices) pipeline.publish(channelOf(prefix, entry.organizationId), JSON.stringify(entry.notice));
  // The end of a job is what most webhooks are told of.
  if (notices.some(({ notice }) => finalStatuses.has(notice.status))) pipeline.publish(webhookChannelOf(prefix), '');
  pipeline.exec().catch(() => {});
}
