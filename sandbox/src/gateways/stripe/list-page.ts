import type { Collection, Stored } from './collection.ts';
import type { StripeList } from './objects.ts';
import type { Params } from './params.ts';
import { noSuch } from './stripe-error.ts';

const limitMax = 100;
const limitDefault = 10;

export interface PageQuery {
  limit: number;
  after: string | undefined;
  before: string | undefined;
}

export function readPageQuery(params: Params): PageQuery {
  return {
    limit: params.integer('limit', { min: 1, max: limitMax }) ?? limitDefault,
    after: params.text('starting_after'),
    before: params.text('ending_before'),
  };
}

/** A page of what matches, newest first, after or before the object that the query names. */
export function listPage<T extends Stored>(
  collection: Collection<T>,
  url: string,
  query: PageQuery,
  matches?: (object: T) => boolean,
): StripeList<T> {
  return pageOf(collection.newestFirst(matches), url, query);
}

/** A page of `objects`, which are in the order that Stripe lists them in. */
export function pageOf<T extends { id: string }>(objects: readonly T[], url: string, query: PageQuery): StripeList<T> {
  const place = (id: string, param: string) => {
    const index = objects.findIndex((object) => object.id === id);
    if (index < 0) throw noSuch('object', id, param);
    return index;
  };
  if (query.before !== undefined) {
    const end = place(query.before, 'ending_before');
    const start = Math.max(0, end - query.limit);
    return { object: 'list', url, has_more: start > 0, data: objects.slice(start, end) };
  }
  const start = query.after === undefined ? 0 : place(query.after, 'starting_after') + 1;
  const data = objects.slice(start, start + query.limit);
  return { object: 'list', url, has_more: start + data.length < objects.length, data };
}

/** A list inside an object. */
export function listOf<T>(data: T[], url: string): StripeList<T> {
  return { object: 'list', data, has_more: false, url };
}
