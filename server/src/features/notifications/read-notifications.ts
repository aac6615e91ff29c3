import { readNotificationsBody } from '@base/shared/contracts/notifications';
import { endpoint, noContent } from '../../http/endpoint.ts';

export const readNotifications = endpoint({
  method: 'post',
  path: '/notifications/read',
  tag: 'notifications',
  summary: 'Mark notifications as read',
  access: 'me:write',
  body: readNotificationsBody,
  responses: { 204: { description: 'They are read. Ids that are none of yours change nothing.' } },
  async handle({ body, principal, deps }) {
    await deps.pool.query('select public.read_notifications($1, $2, $3, $4)', [
      principal.organizationId,
      principal.userId,
      body.up_to ?? null,
      body.ids ?? null,
    ]);
    return noContent();
  },
});
