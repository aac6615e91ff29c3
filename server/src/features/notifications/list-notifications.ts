import { type notification, notificationPage, notificationQuery } from '@base/shared/contracts/notifications';
import type { Pool } from 'pg';
import * as z from 'zod';
import { endpoint, ok } from '../../http/endpoint.ts';
import { presentPage, readPage } from '../../http/page.ts';
import { typesFor } from './audience.ts';

interface Row {
  id: string;
  type: string;
  resource_id: string;
  data: unknown;
  created_at: Date;
  read: boolean;
  unread: number;
}

const unreadMax = 100;

// One round trip: the page, and how many are unread. Somebody who has come is not told of what was before them, nor that they have come.
const listSql = `with reader as (
  select u.id, greatest(coalesce(u.notifications_read_to, private.uuid_v7_floor(u.joined_at)), private.uuid_v7_floor(u.joined_at)) as read_to,
    private.uuid_v7_floor(u.joined_at) as beginning
  from public.users u where u.id = $2 and u.organization_id = $1
),
unread as (
  select count(*)::int as unread from (
    select from public.events e, reader u
    where e.organization_id = $1 and e.type = any ($3::text[]) and e.id > u.read_to and (e.type <> 'member.joined' or e.resource_id <> u.id)
      and not exists (select from public.notification_reads r where r.user_id = u.id and r.event_id = e.id)
    limit ${unreadMax}
  ) x
)
select unread.unread, e.* from unread left join lateral (
  select e.id, e.type, e.resource_id, e.data, e.created_at,
    e.id <= u.read_to or exists (select from public.notification_reads r where r.user_id = u.id and r.event_id = e.id) as read
  from public.events e, reader u
  where e.organization_id = $1 and e.type = any ($3::text[]) and e.id > u.beginning and (e.type <> 'member.joined' or e.resource_id <> u.id) and ($4::uuid is null or e.id < $4)
    and (not $5::boolean or (e.id > u.read_to
      and not exists (select from public.notification_reads r where r.user_id = u.id and r.event_id = e.id)))
  order by e.id desc limit $6
) e on true`;

export const listNotifications = endpoint({
  method: 'get',
  path: '/notifications',
  tag: 'notifications',
  summary: 'What you should know of, newest first, and what of it you have not read',
  description:
    'Made of the organization’s events, by your role, from the moment you joined. Follow them live by GET /events/stream.',
  access: 'me:read',
  query: notificationQuery,
  responses: { 200: { description: 'A page of notifications.', body: notificationPage } },
  errors: ['invalid_cursor'],
  async handle({ query, deps, principal }) {
    const { take, below } = readPage(query);
    const values = [
      principal.organizationId,
      principal.userId,
      typesFor(principal.role),
      below,
      query.unread === 'true',
      take,
    ];
    const rows = await readRows(deps.pool, values);
    const found = rows.filter((row) => row.id !== null);
    return ok({ ...presentPage(found, query.limit, presentNotification), unread: rows[0]?.unread ?? 0 });
  },
});

async function readRows(pool: Pool, values: unknown[]): Promise<Row[]> {
  const { rows } = await pool.query<Row>(listSql, values);
  return rows;
}

const stored = z.record(z.string(), z.unknown());

function presentNotification(row: Row): z.input<typeof notification> {
  return {
    id: row.id,
    object: 'notification',
    type: row.type,
    created_at: row.created_at.toISOString(),
    data: { id: row.resource_id, ...stored.parse(row.data) },
    read: row.read,
  };
}
