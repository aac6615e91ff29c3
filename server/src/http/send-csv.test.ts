import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTenant, type TestTenant } from '../testing/make-tenant.ts';
import { type Answer, startApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const path = '/api/v1/audit-logs';
const read = (target: string, { token }: TestTenant, accept: string): Promise<Answer> =>
  api.call('GET', target, { token, headers: { accept } });

/** Fetch says that it accepts everything where nothing is said; this says nothing. */
async function readWithoutAccept({ token }: TestTenant): Promise<Answer> {
  const request = get(api.url + path, { headers: { authorization: `Bearer ${token}` } });
  const [response] = (await once(request, 'response')) as [IncomingMessage]; // what the event carries
  const text = await readText(response);
  const headers = new Headers(
    Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return { status: response.statusCode ?? 0, headers, text, body: JSON.parse(text) };
}

/** An organization of which the audit log has seven entries at least. */
async function makeEntries(): Promise<TestTenant> {
  const tenant = await makeTenant(api);
  for (const name of ['One', 'Two', 'Three', 'Four', 'Five']) {
    const answer = await api.call('PATCH', '/api/v1/organization', { token: tenant.token, body: { name } });
    expect(answer.status).toBe(200);
  }
  return tenant;
}

/** The ids of a page: the first field of each line after the head. */
const idsOf = ({ text }: Answer): string[] =>
  text
    .split('\r\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.split(',')[0] ?? '');

it('leads from a page of two rows to the next by Link, with the same filters, until all rows were there once', async () => {
  const tenant = await makeEntries();
  const query = 'limit=2&actor_type=user&resource_type=organization';
  const whole = await read(`${path}?limit=1000&actor_type=user&resource_type=organization`, tenant, 'application/json');
  const { data } = whole.body as { data: { id: string }[] }; // validated against the declared schema by the HTTP layer
  expect(data.length).toBeGreaterThanOrEqual(5);

  const pages: string[][] = [];
  let next: string | null = `${path}?${query}`;
  while (next !== null) {
    const page: Answer = await read(next, tenant, 'text/csv');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
    pages.push(idsOf(page));
    const link: string | null = page.headers.get('link');
    next = link === null ? null : (/^<(\/api\/v1\/audit-logs\?[^>]+)>; rel="next"$/.exec(link)?.[1] ?? 'no link');
    if (next !== null) expect(next).toContain(`${query}&cursor=`);
  }
  expect(pages.flat()).toEqual(data.map(({ id }) => id));
  expect(pages.slice(0, -1).every((page) => page.length === 2)).toBe(true);
});

it.each([undefined, '*/*', 'application/json', 'application/xml', 'text/html', 'text/csv;q=0.1, application/json'])(
  'is for those who ask for it: Accept %j is answered with JSON',
  async (accept) => {
    const tenant = await makeTenant(api);
    const answer = accept === undefined ? await readWithoutAccept(tenant) : await read(path, tenant, accept);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(JSON.parse(answer.text).data.length).toBeGreaterThan(0);
    expect(answer.headers.get('link')).toBeNull();
    // A cache must not give one form to who asked for the other.
    expect(answer.headers.get('vary')).toMatch(/\bAccept\b(?!-)/);
  },
);

it('is not made of a refusal: what is wrong is told as a problem', async () => {
  const tenant = await makeTenant(api);
  const answer = await read(`${path}?limit=0`, tenant, 'text/csv');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([422, 'application/problem+json; charset=utf-8']);
});
