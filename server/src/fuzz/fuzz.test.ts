import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { jwtSecret, startApi, type TestApi } from '../testing/start-api.ts';
import { checkAnswer } from './check-answer.ts';
import { findLeak, type LeakRules } from './find-leak.ts';
import { fuzz } from './fuzz.ts';
import { makeLocalWorld } from './make-local-world.ts';
import { type MakeDeps, makeRequest } from './make-request.ts';
import { massAssignments, nastyTexts, writeJson } from './nasty-values.ts';
import { printReport, toCommand } from './print-report.ts';
import { readOperations } from './read-operations.ts';
import { secretsOf } from './read-stack-file.ts';
import type { Outcome } from './request.ts';
import type { World } from './world.ts';

const requests = 3_000;
const seed = 20_261_121;

let api: TestApi;
let world: World;
let deps: MakeDeps;
beforeAll(async () => {
  api = await startApi();
  const stack = inject('stack');
  const secrets = secretsOf(stack);
  world = await makeLocalWorld(
    { apiUrl: api.url, databaseUrl: stack.database_url, jwtSecret: jwtSecret(), secrets },
    requests,
  );
  const document = await (await fetch(`${api.url}/api/openapi.json`)).text();
  deps = { seed, operations: readOperations(document), world, host: new URL(api.url).host };
});
afterAll(async () => {
  await world.close();
  await api.close();
});

it(`answers ${requests} requests without 5xx or leak, and changes no balance, role, plan or foreign row`, {
  timeout: 240_000,
}, async () => {
  const report = await fuzz({ apiUrl: api.url, requests, seed, world, report: () => {} });
  expect(report.failures.length + report.changes.length, printReport(report, { apiUrl: api.url })).toBe(0);
  expect(report.sent).toBe(requests);
  // Every operation was reached, and none of the groups of callers was only turned away at the door.
  expect([...report.byOperation.keys()].sort()).toEqual(deps.operations.map(({ name }) => name).sort());
  const reached = [...report.byCaller].filter(([, statuses]) => statuses.has('200')).map(([kind]) => kind);
  expect(reached).toEqual(expect.arrayContaining(['admin', 'member', 'viewer', 'stranger', 'key read', 'key admin']));
  expect(report.byStatus.get('202') ?? 0).toBeGreaterThan(0);
});

describe('makeRequest', () => {
  it('makes the same requests of the same seed, and others of another', () => {
    const write = (chosen: number) =>
      Array.from({ length: 300 }, (_, index) => {
        const { method, target, headers, body, wire } = makeRequest(index, { ...deps, seed: chosen });
        const bytes = wire?.bytes ?? body;
        // Forged keys are new each time.
        const text = `${method} ${target} ${JSON.stringify(headers)} ${bytes?.toString('latin1')}`;
        return text.replaceAll(/base_live_\w{49,50}/g, 'key');
      });
    expect(write(1)).toEqual(write(1));
    expect(write(1)).not.toEqual(write(2));
  });

  it('orders seldom without anything wrong, and tries every field that must not be set', () => {
    const made = Array.from({ length: 6_000 }, (_, index) => makeRequest(index, deps));
    const bodies = made.map(({ body }) => body?.toString('utf8') ?? '').join('\n');
    for (const name of [...Object.keys(massAssignments), '__proto__']) expect(bodies).toContain(`"${name}":`);
    expect(bodies).toContain(world.foreignOrganizationId);
    const kinds = new Set(made.map(({ caller }) => caller.kind));
    const everybody = [...world.leavers, ...world.groups.flatMap(({ callers }) => callers)];
    expect(kinds).toEqual(new Set(everybody.map(({ kind }) => kind)));
    expect(made.some(({ wire }) => wire?.abortAfterMs !== null && wire !== null)).toBe(true);
  });
});

describe('checkAnswer', () => {
  const problem = { status: 404, code: 'not_found', title: 'Not found', request_id: 'r' };
  const answer = (status: number, text: string, type = 'application/problem+json'): Outcome => {
    const headers = new Map([
      ['content-type', type],
      ['x-request-id', 'r'],
    ]);
    return { kind: 'answer', status, headers, text, durationMs: 5 };
  };
  const check = (outcome: Outcome): string | null => {
    const made = Array.from({ length: 100 }, (_, index) => makeRequest(index, deps));
    const request = made.find(({ wire, caller }) => wire === null && caller.kind === 'stranger');
    if (request === undefined) throw new Error('no ordinary request of a stranger');
    return checkAnswer({ ...request, target: '/x', body: null }, outcome, world);
  };

  it('has nothing against a problem as it should be', () => {
    expect(check(answer(404, JSON.stringify(problem)))).toBeNull();
  });

  it.each([
    ['a 500', answer(500, JSON.stringify({ ...problem, status: 500 })), 'status 500'],
    ['a 503', answer(503, JSON.stringify({ ...problem, status: 503 })), 'status 503'],
    ['an error that is a page', answer(404, '<h1>Not found</h1>', 'text/html'), 'text/html'],
    ['a problem without a code', answer(404, JSON.stringify({ ...problem, code: undefined })), 'no problem'],
    ["another request's id", answer(404, JSON.stringify({ ...problem, request_id: 'x' })), 'another request'],
    ['an answer too late', { ...answer(404, ''), durationMs: 31_000 } as Outcome, 'after 31000 ms'], // an answer, with one figure changed
    ['a lost connection', { kind: 'lost', reason: 'ECONNRESET' } as const, 'ECONNRESET'],
  ])('finds %s', (_name, outcome, words) => {
    expect(check(outcome)).toContain(words);
  });

  it('finds what is of another tenant', () => {
    const [word = ''] = world.leakRules.foreignWords;
    expect(check(answer(404, JSON.stringify({ ...problem, detail: word })))).toContain('another tenant');
    const [id = ''] = world.leakRules.foreignIds;
    expect(check(answer(404, JSON.stringify({ ...problem, detail: id })))).toContain('another tenant');
    const [own = ''] = world.leakRules.houseWords;
    expect(check(answer(404, JSON.stringify({ ...problem, detail: own })))).toContain('stranger');
  });
});

describe('findLeak', () => {
  const rules: LeakRules = { secrets: ['127.0.0.1:5432'], foreignWords: [], foreignIds: [], houseWords: [] };

  it.each([
    'at Object.run (file:///srv/app/server.ts:10:5)',
    'TypeError: x is not a function',
    'duplicate key value violates unique constraint "users_pkey"',
    'select id, email from users where id = $1',
    'connect ECONNREFUSED',
    'Bearer sandbox-openai-key',
    'postgres at 127.0.0.1:5432',
    import.meta.dirname,
  ])('sees one in: %s', (text) => {
    expect(findLeak(text, rules)).not.toBeNull();
  });

  it('lets people be sent to a page of a gateway, and tells its address nowhere else', () => {
    const page = '{"url":"http://127.0.0.1:5432/_sandbox/stripe/pages/portal/bps_1"}';
    expect(findLeak(page, rules)).toBeNull();
    expect(findLeak(`${page} http://127.0.0.1:5432/v1/customers`, rules)).not.toBeNull();
  });

  it('takes nothing that requests contain for a leak: answers may repeat it', () => {
    const sent = [...nastyTexts, writeJson(massAssignments)];
    expect(sent.map((text) => findLeak(text, rules))).toEqual(sent.map(() => null));
  });
});

it('notices a balance that went without a job, a role that rose and a row of the silent tenant that changed', async () => {
  const stack = inject('stack');
  const place = { apiUrl: api.url, databaseUrl: stack.database_url, jwtSecret: jwtSecret(), secrets: [] };
  const own = await makeLocalWorld(place, 10);
  try {
    expect(await own.findChanges()).toEqual([]);
    const { pool } = api.deps;
    const id = own.foreignOrganizationId;
    await pool.query(`update conversations set title = 'taken over' where organization_id = $1`, [id]);
    const { rows } = await pool.query<{ organization_id: string }>(
      'select organization_id from generations where id = $1',
      [own.resources.generation.own[0]],
    );
    const house = rows[0]?.organization_id;
    await pool.query(`update users set role = 'admin' where organization_id = $1 and role = 'viewer'`, [house]);
    await pool.query(
      `select * from debit_credits(array[$1::uuid], array['adjustment'::transaction_type], array[5::bigint], array['t'], array['t'], array['t'], array[null::uuid])`,
      [house],
    );
    const changes = (await own.findChanges()).join('\n');
    expect(changes).toContain('conversations');
    expect(changes).toContain('balance');
    expect(changes).toContain('a role');
  } finally {
    await own.close();
  }
});

it('writes each request as a line for a shell', () => {
  const made = Array.from({ length: 2_000 }, (_, index) => makeRequest(index, deps));
  const commands = made.map((request) => toCommand(request, { apiUrl: api.url, token: 'not-there' }));
  expect(commands.filter((command) => /^(curl -sS|printf %b|too long)/.test(command))).toHaveLength(made.length);
  expect(commands.join('')).not.toMatch(/[^\x20-\x7e]/);
  const withToken = made.find(({ wire, caller }) => wire === null && caller.kind === 'key read');
  if (withToken === undefined) throw new Error('no ordinary request with a key');
  const token = withToken.caller.headers[0]?.[1].replace('Bearer ', '') ?? '';
  expect(toCommand(withToken, { apiUrl: api.url, token })).not.toContain(token);
});
