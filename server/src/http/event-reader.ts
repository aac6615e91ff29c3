import { Batcher } from '@base/shared/concurrency/batcher';
import type { Pool } from 'pg';
import { within } from './within.ts';

export interface EventRow {
  id: string;
  type: string;
  resource_id: string;
  data: unknown;
  created_at: Date;
}

/** Reads events for all the streams of a node: streams that want the same share it, and many go into one query. */
export interface EventReader {
  /** The events of an organization after one, oldest first, `pageSize` at most. */
  readAfter(organizationId: string, after: string): Promise<readonly EventRow[]>;
  /** The newest event there is, or an id below all. */
  findNewest(organizationId: string): Promise<string>;
}

export const pageSize = 100;
/** Below every id that a time makes. */
const beginning = '00000000-0000-0000-0000-000000000000';
const streamsPerQuery = 5_000;
const queryTimeoutMs = 15_000;

const pagesSql = `select o.organization_id, o.after, e.id, e.type, e.resource_id, e.data, e.created_at
from unnest($1::uuid[], $2::uuid[]) o (organization_id, after)
cross join lateral (
  select x.* from public.events x where x.organization_id = o.organization_id and x.id > o.after order by x.id limit ${pageSize}
) e
order by o.organization_id, o.after, e.id`;

const newestSql = `select o.organization_id, e.id from unnest($1::uuid[]) o (organization_id)
cross join lateral (select x.id from public.events x where x.organization_id = o.organization_id order by x.id desc limit 1) e`;

interface Place {
  organizationId: string;
  after: string;
}

const keyOf = (organizationId: string, after: string): string => `${organizationId} ${after}`;

export function createEventReader(pool: Pool): EventReader {
  const pages = new Batcher<Place, readonly EventRow[]>(
    async (places) => {
      const distinct = [...new Map(places.map((place) => [keyOf(place.organizationId, place.after), place])).values()];
      const values = [distinct.map((place) => place.organizationId), distinct.map((place) => place.after)];
      const query = pool.query<EventRow & { organization_id: string; after: string }>(pagesSql, values);
      const found = Map.groupBy((await within(queryTimeoutMs, query)).rows, (row) =>
        keyOf(row.organization_id, row.after),
      );
      return places.map((place) => found.get(keyOf(place.organizationId, place.after)) ?? []);
    },
    { sizeMax: streamsPerQuery },
  );
  const newest = new Batcher<string, string>(
    async (organizationIds) => {
      const query = pool.query<{ organization_id: string; id: string }>(newestSql, [[...new Set(organizationIds)]]);
      const found = new Map((await within(queryTimeoutMs, query)).rows.map((row) => [row.organization_id, row.id]));
      return organizationIds.map((organizationId) => found.get(organizationId) ?? beginning);
    },
    { sizeMax: streamsPerQuery },
  );
  return {
    readAfter: (organizationId, after) => pages.add({ organizationId, after }),
    findNewest: (organizationId) => newest.add(organizationId),
  };
}
