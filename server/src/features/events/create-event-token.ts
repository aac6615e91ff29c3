import { id, timestamp } from '@base/shared/contracts/wire';
import { ApiError } from '@base/shared/errors/api-error';
import * as z from 'zod';
import { created, endpoint } from '../../http/endpoint.ts';
import { createEventTokens } from '../../http/event-tokens.ts';

const eventToken = z
  .object({
    token: z.string().meta({ description: 'Send it as `?token=`.' }),
    expires_at: timestamp.meta({ description: 'Until then a stream can be opened; an open one goes on.' }),
    path: z.string().meta({ description: 'The stream of the job, or of the organization.' }),
  })
  .meta({ id: 'EventToken' });

export const createEventToken = endpoint({
  method: 'post',
  path: '/event-tokens',
  tag: 'events',
  summary: 'Make a token that opens an event stream',
  description:
    'For the browser’s `EventSource`, which cannot send headers: `new EventSource(API + path + "?token=" + token)`. It opens ' +
    'event streams for 60 seconds, of the one job if `job_id` is given, and nothing else; in a header it is refused. It ' +
    'speaks for whoever made it: what they may do, their limits and the addresses that their key may be used from apply ' +
    'when it is used. Make a new one to reconnect later.',
  access: 'jobs:read',
  body: z.strictObject({ job_id: id.optional() }),
  responses: { 201: { description: 'The token, this once.', body: eventToken } },
  errors: ['not_found'],
  async handle({ body, principal, deps }) {
    const jobId = body.job_id ?? null;
    if (jobId !== null) {
      const job = await deps.db
        .selectFrom('ai_jobs')
        .select('id')
        .where('organization_id', '=', principal.organizationId)
        .where('id', '=', jobId)
        .executeTakeFirst();
      if (job === undefined) throw new ApiError('not_found');
    }
    const grant = { userId: principal.userId, apiKeyId: principal.apiKey?.id ?? null, jobId };
    const { token, expiresAt } = createEventTokens(deps.config).make(grant);
    return created({
      token,
      expires_at: expiresAt.toISOString(),
      path: jobId === null ? '/api/v1/events/stream' : `/api/v1/jobs/${jobId}/events`,
    });
  },
});
