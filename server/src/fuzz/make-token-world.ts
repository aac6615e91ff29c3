import * as z from 'zod';
import { strangersTokens } from './make-callers.ts';
import { createRandom, makeUuid } from './random.ts';
import { type ApiUser, createApiUser, listQuickModels } from './use-api.ts';
import type { Caller, ResourceIds, World } from './world.ts';

const list = z.object({ data: z.array(z.object({ id: z.string() })) });
const credits = z.object({ balance: z.number() });
const charges = z.object({
  data: z.array(z.object({ id: z.string(), type: z.string(), amount: z.number() })),
  has_more: z.boolean(),
  next_cursor: z.string().nullable(),
});
const me = z.object({ role: z.string(), organization: z.object({ id: z.string(), plan: z.string().optional() }) });

/**
 * The account of one token, as it is, on an API of which nothing else is at hand: rows of other tenants and the ledger
 * cannot be looked at. Calls spend this account's credits and change its rows.
 * @throws Error when the token does not open the API
 */
export async function makeTokenWorld(apiUrl: string, token: string): Promise<World> {
  const user = createApiUser(apiUrl, token);
  const before = await readAccount(user);
  const random = createRandom(1, 1);
  const unknown = Array.from({ length: 5 }, () => makeUuid(random));
  const idsAt = async (path: string): Promise<ResourceIds> => {
    const found = await user.get(path, list).catch(() => ({ data: [] }));
    const own = found.data.map(({ id }) => id);
    return { own: own.length === 0 ? unknown : own, spare: unknown, foreign: unknown };
  };
  const of = (kind: string, tokens: readonly string[], isOfHouse: boolean): Caller[] =>
    tokens.map((value) => ({ kind, headers: [['Authorization', `Bearer ${value}`]], isOfHouse }));
  return {
    groups: [
      { share: 0.8, callers: of('token', [token], true) },
      { share: 0.1, callers: [{ kind: 'nobody', headers: [], isOfHouse: false }] },
      { share: 0.1, callers: of('impostor', strangersTokens(), false) },
    ],
    leavers: of('impostor', strangersTokens(), false),
    resources: {
      job: await idsAt('/jobs'),
      'code-job': await idsAt('/jobs?type=text'),
      'insights-job': await idsAt('/jobs?type=text'),
      generation: await idsAt('/generations'),
      conversation: await idsAt('/conversations'),
      // Never the account's own: the token may be one of them.
      'api-key': { own: unknown, spare: unknown, foreign: unknown },
      project: { own: unknown, spare: unknown, foreign: unknown },
      member: { own: unknown, spare: unknown, foreign: unknown },
      invoice: await idsAt('/invoices'),
      checkout: { own: unknown, spare: unknown, foreign: unknown },
      invitation: { own: unknown, spare: unknown, foreign: unknown },
      // Never the account's own: a test or a replay would send messages to somebody.
      'webhook-endpoint': { own: unknown, spare: unknown, foreign: unknown },
      'webhook-delivery': { own: unknown, spare: unknown, foreign: unknown },
    },
    models: await listQuickModels(user),
    foreignOrganizationId: unknown[0] ?? '',
    leakRules: { secrets: [token], foreignWords: [], foreignIds: [], houseWords: [] },
    async findChanges() {
      const after = await readAccount(user);
      const spent = await sumNewCharges(user, before.lastTransactionId);
      const changes: string[] = [];
      if (after.balance !== before.balance + spent) {
        changes.push(`the balance went from ${before.balance} to ${after.balance}, and jobs were charged ${-spent}`);
      }
      if (after.standing !== before.standing) changes.push('the role, the organization or the plan has changed');
      return changes;
    },
    close: async () => {},
  };
}

interface Account {
  balance: number;
  standing: string;
  lastTransactionId: string | null;
}

async function readAccount(user: ApiUser): Promise<Account> {
  const { balance } = await user.get('/credits', credits);
  const { data } = await user.get('/credits/transactions?limit=1', charges);
  return { balance, standing: JSON.stringify(await user.get('/me', me)), lastTransactionId: data[0]?.id ?? null };
}

/** What jobs were charged since; an entry of any other kind must not have come. */
async function sumNewCharges(user: ApiUser, lastId: string | null): Promise<number> {
  let sum = 0;
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: z.infer<typeof charges> = await user.get(`/credits/transactions?limit=100${query}`, charges);
    for (const { id, type, amount } of page.data) {
      if (id === lastId) return sum;
      if (type === 'usage') sum += amount;
    }
    cursor = page.has_more ? page.next_cursor : null;
  } while (cursor !== null);
  return sum;
}
