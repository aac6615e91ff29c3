import { replayBody, replayEventsMax, webhookReplay } from '@base/shared/contracts/webhooks';
import { id } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import { wakeWebhooks } from '@base/shared/queue/notices';
import * as z from 'zod';
import { accepted, endpoint } from '../../http/endpoint.ts';
import { findWebhook } from './find-webhook.ts';

export const replayWebhookEndpoint = endpoint({
  method: 'post',
  path: '/webhook-endpoints/:id/replay',
  tag: 'webhooks',
  summary: 'Send what happened in a time, once more or for the first time',
  description:
    'What the endpoint was told and what it missed while it was off, each with the `webhook-id` it has always had. What ' +
    'waits or is under way is left alone.',
  access: 'webhooks:write',
  params: z.strictObject({ id }),
  body: replayBody,
  responses: { 202: { description: 'How much was ordered.', body: webhookReplay } },
  errors: ['not_found', 'conflict'],
  async handle({ params, body, deps, principal, writer }) {
    const { rows } = await writer.query<{ ordered: number; continue_from: Date | null }>(
      'select ordered, continue_from from public.replay_webhook($1, $2, $3, $4, $5, $6, $7)',
      [
        principal.organizationId,
        params.id,
        body.from,
        body.to ?? new Date().toISOString(),
        body.events ?? null,
        body.only_failed,
        replayEventsMax,
      ],
    );
    const replay = rows[0];
    if (replay === undefined) {
      await findWebhook(deps.db, principal, params.id);
      throw new ApiError('conflict', { detail: 'The endpoint is switched off.' });
    }
    wakeWebhooks(deps.redis, deps.config.QUEUE_PREFIX);
    return accepted({
      object: 'webhook_replay' as const,
      deliveries: replay.ordered,
      continue_from: replay.continue_from?.toISOString() ?? null,
    });
  },
});
