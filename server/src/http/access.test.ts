import type { Scope } from '@base/shared/contracts/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mounted } from '../app.ts';
import { makeTenant, type Person, type Tenant } from '../fuzz/make-tenant.ts';
import { type AccessCaller, accessCallerNames, makeAccessCallers } from '../testing/make-access-callers.ts';
import { makeOneOfEach, type OneOfEach } from '../testing/make-one-of-each.ts';
import { type Answer, jwtSecret, startApi, type TestApi } from '../testing/start-api.ts';
import type { Endpoint } from './endpoint.ts';
import { type Permission, permissions } from './permissions.ts';

/** What is open to everyone, and why. Whoever adds an endpoint to this list opens a door. */
const open: Readonly<Record<string, string>> = {
  'post /api/v1/auth/register': 'nobody has an account yet',
  'post /api/v1/auth/login': 'that is how one gets credentials',
  'post /api/v1/auth/refresh': 'the refresh token in the body is the credential',
  'post /api/v1/auth/password/forgot': 'whoever forgot it cannot log in',
  'post /api/v1/auth/password/reset': 'the token in the body is the credential',
  'post /api/v1/auth/verification/resend': 'whoever has not confirmed their address cannot log in',
  'get /api/v1/email/unsubscribe': 'the token in the link is the credential',
  'post /api/v1/email/unsubscribe': 'the token in the link is the credential',
  'get /api/v1/plans': 'prices are shown to those who have no account',
  'get /api/v1/credit-packs': 'prices are shown to those who have no account',
  'post /api/v1/webhooks/stripe': 'Stripe signs what it sends',
  'post /api/v1/webhooks/asaas': 'Asaas sends the token that we gave it',
  'post /api/v1/callbacks/:provider': 'providers sign what they send',
  'post /api/v1/webhooks/clerk': 'Clerk signs what it sends',
  'post /api/v1/webhooks/users': 'the system that keeps the people signs what it sends',
  'get /api/health': 'load balancers ask',
  'get /api/health/ready': 'load balancers ask',
};

/** What opens with a signature, too. */
const openByLink = ['get /api/v1/generations/:id/content'];

/** What is asked for by POST and changes nothing. */
const readsByPost = ['post /api/v1/event-tokens', 'post /api/v1/jobs/estimate'];

/** What the owner of a row would send to change it, so that a stranger is refused for no other reason than being one. */
const soundBodies: Readonly<Record<string, unknown>> = {
  'patch /api/v1/conversations/:id': { title: 'taken' },
  'patch /api/v1/generations/:id': { tags: ['taken'] },
  'patch /api/v1/api-keys/:id': { name: 'taken' },
  'post /api/v1/api-keys/:id/rotate': {},
  'patch /api/v1/organization/members/:id': { role: 'viewer' },
  'patch /api/v1/webhook-endpoints/:id': { description: 'taken' },
  'post /api/v1/webhook-endpoints/:id/replay': { from: '2026-01-01T00:00:00Z' },
};

/** Which of the rows an id in this path names. */
const rowOf: readonly [RegExp, keyof OneOfEach][] = [
  [/\/jobs\/:id/, 'job'],
  [/\/generations\/:id/, 'generation'],
  [/\/conversations\/:id/, 'conversation'],
  [/\/members\/:id/, 'member'],
  [/\/invitations\/:id/, 'invitation'],
  [/\/api-keys\/:id/, 'apiKey'],
  [/\/webhook-endpoints\/:id/, 'webhookEndpoint'],
  [/\/webhook-deliveries\/:id/, 'webhookDelivery'],
  [/\/checkouts\/:id/, 'checkout'],
  [/\/invoices\/:id/, 'invoice'],
  [/\/code\/:job_id/, 'codeJob'],
  [/\/insights\/:job_id/, 'insightsJob'],
];

interface Door {
  name: string;
  endpoint: Endpoint;
  path: string;
}

const doors: Door[] = mounted.flatMap(({ prefix, endpoints }) =>
  endpoints.map((endpoint) => {
    const path = prefix + endpoint.path;
    return { name: `${endpoint.method} ${path}`, endpoint, path };
  }),
);
const guarded = doors.filter(({ endpoint }) => endpoint.access !== 'public');
const namesRow = ({ path }: Door) => /:(id|job_id)\b/.test(path);

function permissionOf({ access }: Endpoint): Permission {
  if (access === 'public') throw new Error('a public endpoint has no permission');
  return typeof access === 'object' ? access.optional : access;
}

const reach: Record<Scope, readonly Scope[]> = {
  read: ['read'],
  write: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
};

/** By the table alone: whether the role has the permission, and the scope reaches what keys need for it. */
function mayPass(permission: Permission, { role, scope }: NonNullable<AccessCaller['grants']>): boolean {
  const rule: { roles: readonly string[]; scope: Scope | null } = permissions[permission];
  return rule.roles.includes(role) && (scope === null || (rule.scope !== null && reach[scope].includes(rule.scope)));
}

let api: TestApi;
let house: Tenant & { admin: Person };
let callers: ReadonlyMap<string, AccessCaller>;
beforeAll(async () => {
  api = await startApi();
  house = await makeTenant(api.deps.pool, jwtSecret());
  callers = await makeAccessCallers(api, house);
});
afterAll(() => api.close());

let address = 0;
/** From an address of its own: guessing keys is limited by address. */
function knock(door: Door, options: { token: string | null; path: string; body?: unknown }): Promise<Answer> {
  address += 1;
  return api.call(door.endpoint.method.toUpperCase(), options.path, {
    ...(options.token === null ? {} : { token: options.token }),
    ...(door.endpoint.body === undefined ? {} : { body: options.body }),
    leavesStream: true,
    headers: { 'x-forwarded-for': `10.77.${address >> 8}.${address & 255}` },
  });
}

/** The doors at which something else happens than should, with what happens. */
async function findSurprises(among: readonly Door[], look: (door: Door) => Promise<string | null>): Promise<string[]> {
  const found = await Promise.all(
    among.map(async (door) => {
      const surprise = await look(door);
      return surprise === null ? [] : [`${door.name}: ${surprise}`];
    }),
  );
  return found.flat();
}

const say = ({ status, body }: Answer) => `${status} ${body.code ?? ''}`.trim();

describe('the doors', () => {
  it('that are open to everyone are on the list, and the list names no others', () => {
    const isOpen = (door: Door) => door.endpoint.access === 'public';
    expect(
      doors
        .filter(isOpen)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(open).sort());
    const isOptional = (door: Door) => typeof door.endpoint.access === 'object';
    expect(doors.filter(isOptional).map(({ name }) => name)).toEqual(openByLink);
  });

  it('use every permission of the table', () => {
    const used = new Set(guarded.map(({ endpoint }) => permissionOf(endpoint)));
    expect([...used].sort()).toEqual(Object.keys(permissions).sort());
  });

  it('need more than a permission to read where something changes', () => {
    const readers = guarded.filter(({ endpoint }) => permissionOf(endpoint).endsWith(':read'));
    const changing = readers.filter(({ endpoint }) => endpoint.method !== 'get').map(({ name }) => name);
    expect(changing.filter((name) => !readsByPost.includes(name))).toEqual([]);
  });
});

describe.each(accessCallerNames)('%s', (name) => {
  it('gets in exactly where the table says', async () => {
    const caller = callers.get(name);
    if (caller === undefined) throw new Error(`there is no ${name}`);
    const { token, grants, refusal } = caller;
    // Whoever may log out has a session that the other cases use.
    const tried = guarded.filter(({ path }) => grants === null || !path.endsWith('/auth/logout'));
    const surprises = await findSurprises(tried, async (door) => {
      const path = door.path.replaceAll(/:\w+/g, '0190b3a4-0000-7000-8000-000000000000');
      // An unknown field makes every body invalid, so that an allowed call changes nothing.
      const answer = await knock(door, { token, path, body: { no_such_field: true } });
      const permission = permissionOf(door.endpoint);
      if (token === null && typeof door.endpoint.access === 'object') return answer.status === 404 ? null : say(answer);
      if (refusal !== null) return say(answer) === `${refusal.status} ${refusal.code}` ? null : say(answer);
      if (grants !== null && mayPass(permission, grants)) {
        const isIn = answer.status < 500 && ![401, 403, 429].includes(answer.status);
        return isIn ? null : `${say(answer)} in spite of ${permission}`;
      }
      const isRefused = say(answer) === '403 forbidden' && answer.body.permission === permission;
      return isRefused ? null : `${say(answer)} without ${permission}`;
    });
    expect(tried.length).toBeGreaterThan(50);
    expect(surprises).toEqual([]);
  });
});

describe('an admin of another organization', () => {
  let rows: OneOfEach;
  let stranger: Person;
  let strangersKey: string;
  const withRow = guarded.filter(namesRow);
  beforeAll(async () => {
    rows = await makeOneOfEach(api, house);
    const tenant = await makeTenant(api.deps.pool, jwtSecret());
    stranger = tenant.admin;
    const made = await api.call('POST', '/api/v1/api-keys', {
      token: stranger.token,
      body: { name: 'a strangers key', scopes: ['admin'] },
    });
    strangersKey = String(made.body.key);
  });

  const pathOf = (door: Door): string => {
    const row = rowOf.find(([pattern]) => pattern.test(door.path))?.[1];
    if (row === undefined) throw new Error(`which row does ${door.name} name? Say so in rowOf.`);
    return door.path.replace(/:\w+/, rows[row]);
  };
  const bodyOf = (door: Door): unknown => {
    if (door.endpoint.body !== undefined && !(door.name in soundBodies)) {
      throw new Error(`what does ${door.name} take? Say so in soundBodies.`);
    }
    return soundBodies[door.name];
  };

  it('finds nothing at the id of any row, by session or by key, and changes nothing', async () => {
    const before = await readRows(house.organizationId);
    for (const [token, scope] of [[stranger.token, null] as const, [strangersKey, 'admin'] as const]) {
      const surprises = await findSurprises(withRow, async (door) => {
        const answer = await knock(door, { token, path: pathOf(door), body: bodyOf(door) });
        const isAllowed = mayPass(permissionOf(door.endpoint), { role: 'admin', scope });
        return say(answer) === (isAllowed ? '404 not_found' : '403 forbidden') ? null : say(answer);
      });
      expect(surprises).toEqual([]);
    }
    expect(await readRows(house.organizationId)).toEqual(before);
  });

  // Without this a typing error in a path would make the test above hold for nothing.
  it('would find them in their own organization: each row is there for its own admin', async () => {
    const readers = withRow.filter(({ endpoint, path }) => endpoint.method === 'get' && !path.endsWith('/content'));
    const surprises = await findSurprises(readers, async (door) => {
      const answer = await knock(door, { token: house.admin.token, path: pathOf(door) });
      return answer.status === 200 ? null : say(answer);
    });
    expect(surprises).toEqual([]);
    const kinds = new Set(withRow.map((door) => rowOf.find(([pattern]) => pattern.test(door.path))?.[1]));
    expect(kinds).toEqual(new Set(Object.keys(rows)));
  });

  async function readRows(organizationId: string): Promise<unknown[]> {
    const { pool } = api.deps;
    const tables = await pool.query<{ name: string }>(
      `select c.table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
       where c.table_schema = 'public' and c.column_name = 'organization_id' and t.table_type = 'BASE TABLE' order by 1`,
    );
    expect(tables.rows.length).toBeGreaterThan(10);
    const parts = tables.rows.map(
      ({ name }) => `select '${name}' as name, to_jsonb(t) as row from public."${name}" t where t.organization_id = $1`,
    );
    const { rows: found } = await pool.query(
      `select name, row - 'last_used_at' - 'last_used_ip' as row from (${parts.join(' union all ')}) all_rows order by name, row::text`,
      [organizationId],
    );
    return found;
  }
});
