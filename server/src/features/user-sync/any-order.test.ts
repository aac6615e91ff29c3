import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApi, type TestApi } from '../../testing/start-api.ts';
import { deliverUserEvent, userSyncSettings } from '../../testing/tell-of-user.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi(userSyncSettings);
});
afterAll(() => api.close());

interface Event {
  type: string;
  occurred_at: string;
  /** Without the id of the person. */
  user: Record<string, unknown>;
  /** The end of the event's id. */
  name: string;
}

/** Delivers the events in this order for somebody new, and gives what has become of them. */
async function outcomeOf(events: readonly Event[]): Promise<unknown> {
  const id = randomUUID();
  for (const { name, user, ...event } of events) {
    const answer = await deliverUserEvent(api, { ...event, user: { id, ...user } }, { id: `${id}-${name}` });
    expect(answer.status, answer.text).toBe(200);
  }
  const { rows } = await api.deps.pool.query(
    `select u.deleted_at is not null as is_deleted, u.is_active, u.role, o.deleted_at is not null as is_closed, b.available::int as available,
      case when u.deleted_at is null then array[u.email, u.full_name, u.phone, u.avatar_url, u.language] end as profile
    from users u join organizations o on o.id = u.organization_id join credit_balances b on b.organization_id = o.id where u.id = $1`,
    [id],
  );
  const ledger = await api.deps.pool.query(
    'select v.* from verify_ledger((select organization_id from users where id = $1)) v',
    [id],
  );
  expect(ledger.rows).toEqual([]);
  return rows[0];
}

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const maybe = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const change = fc
  .record({
    second: fc.integer({ min: 0, max: 3 }),
    email: fc.constantFrom('a@people.test', 'b@people.test', 'c@people.test'),
    full_name: maybe(['Ana', 'Bia', null]),
    phone: maybe(['+5511999990000', null]),
    language: maybe(['en', 'es']),
    credits: fc.oneof(
      fc.constant({}),
      fc.record({ credits: fc.integer({ min: 0, max: 200 }) }),
      // Never so much that it could not be taken: what there is to take depends on when it is taken.
      fc.record({ credit_delta: fc.integer({ min: 0, max: 20 }) }),
    ),
  })
  .map(({ second, credits, ...user }) => ({
    type: second === 0 ? 'user.created' : 'user.updated',
    occurred_at: at(second),
    user: { ...user, ...credits },
  }));

it('ends the same whatever the order, and however often some come', async () => {
  const scenario = fc
    .record({
      changes: fc.array(change, { minLength: 1, maxLength: 5 }),
      deletion: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined, freq: 3 }),
    })
    .map(({ changes, deletion }) => {
      const gone = deletion === undefined ? [] : [{ type: 'user.deleted', occurred_at: at(deletion), user: {} }];
      return [...changes, ...gone].map((event, index) => ({ ...event, name: String(index) }));
    })
    .chain((events) =>
      fc.record({
        events: fc.constant(events),
        shuffled: fc.shuffledSubarray(events, { minLength: events.length }),
        repeated: fc.shuffledSubarray(events),
      }),
    );
  await fc.assert(
    fc.asyncProperty(scenario, async ({ events, shuffled, repeated }) => {
      const inOrder = [...events].sort((a, b) => a.occurred_at.localeCompare(b.occurred_at));
      expect(await outcomeOf([...shuffled, ...repeated])).toEqual(await outcomeOf(inOrder));
    }),
    { numRuns: 60 },
  );
});
