import * as z from 'zod';
import { event } from './events.ts';
import { id, page, pageQuery } from './wire.ts';

export const notification = event
  .omit({ object: true })
  .extend({ object: z.literal('notification'), read: z.boolean() })
  .meta({ id: 'Notification' });

export const notificationPage = page(notification).extend({
  unread: z.int().meta({ description: 'How many are unread, counted up to 100.' }),
});

export const notificationQuery = pageQuery.extend({
  unread: z.enum(['true', 'false']).optional().meta({ description: '`true`: only those not read yet.' }),
});

export const readNotificationsBody = z
  .strictObject({
    up_to: id.optional().meta({ description: 'This one and everything before it.' }),
    ids: z.array(id).min(1).max(100).optional(),
  })
  .refine((body) => (body.up_to === undefined) !== (body.ids === undefined), 'must have either up_to or ids');
