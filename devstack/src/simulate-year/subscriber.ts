import { randomUUID } from 'node:crypto';
import { signSession } from '@base/shared/testing/sign-session';
import { Books } from './books.ts';
import type { GatewayName } from './facts.ts';
import { addMonths } from './months.ts';
import { asObject } from './read-json.ts';
import type { World } from './start-world.ts';

/** One organization, what it remembers, and what the model says of it. */
export interface Subscriber {
  number: number;
  organizationId: string;
  userId: string;
  email: string;
  /** Where it buys first. */
  home: GatewayName;
  books: Books;
  /** Its ids at the gateways. */
  customers: Set<string>;
  /** A page that was left open. */
  openPage: { gateway: GatewayName; id: string } | null;
  isCardBroken: boolean;
  hasTopups: boolean;
  openDisputes: { gateway: GatewayName; id: string; closesAt: number }[];
  refunds: { id: string; failsAt: number }[];
  boletos: { id: string; paidAt: number }[];
  jobs: { id: string; endsAt: number; credits: number }[];
}

export interface ApiAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** Signs up as the first call with a session does; the account is without limits, so that credits alone decide. */
export async function signUp({ pool, clock }: World, who: { number: number; home: GatewayName }): Promise<Subscriber> {
  const userId = randomUUID();
  const email = `subscriber-${who.number}-${userId.slice(0, 8)}@year.test`;
  const { rows } = await pool.query<{ organization_id: string }>(
    'select organization_id from public.authenticate_user($1, $2, null)',
    [userId, email],
  );
  const organizationId = rows[0]?.organization_id ?? '';
  await pool.query(
    `update organizations set custom_limits = '{"images_per_month": -1, "concurrent_jobs": -1, "waiting_jobs": -1,
       "api_requests_per_minute": -1, "api_requests_per_day": -1}' where id = $1`,
    [organizationId],
  );
  // Months are counted from the simulated day. The credits of the real one end at the next look at the clock.
  const openedAt = clock.now();
  await pool.query(
    `update credit_balances set period_anchor = $2::timestamptz, period_start = $2::timestamptz, period_end = $3::timestamptz where organization_id = $1`,
    [organizationId, openedAt, new Date(addMonths(openedAt.getTime(), 1))],
  );
  return {
    number: who.number,
    ...{ organizationId, userId, email, home: who.home },
    books: new Books(openedAt.getTime()),
    customers: new Set(),
    openPage: null,
    isCardBroken: false,
    hasTopups: false,
    openDisputes: [],
    refunds: [],
    boletos: [],
    jobs: [],
  };
}

/** One call of the API as this subscriber. */
export async function callApi(
  { apiUrl, jwtSecret }: World,
  { userId: id, email }: Subscriber,
  method: string,
  path: string,
  body?: unknown,
): Promise<ApiAnswer> {
  const answer = await fetch(`${apiUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${signSession({ id, email }, jwtSecret)}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.status >= 500 && answer.status !== 503) {
    throw new Error(`${method} ${path} was answered with ${answer.status}: ${text}`);
  }
  return { status: answer.status, body: asObject(JSON.parse(text)) };
}
