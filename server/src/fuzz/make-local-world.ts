import { type Database, openDatabase } from '@base/shared/db/database';
import { openBooks } from './check-books.ts';
import { makeCallers } from './make-callers.ts';
import {
  addCheckouts,
  addConversations,
  addEndedDelivery,
  addInvitations,
  addInvoices,
  addKeys,
  addPeople,
  makeTenant,
  type Person,
  type Tenant,
} from './make-tenant.ts';
import { createApiUser, listQuickModels, makeConversation, makePictures, makeText, makeWebhook } from './use-api.ts';
import type { ResourceIds, ResourceName, World } from './world.ts';

export interface LocalStack {
  apiUrl: string;
  databaseUrl: string;
  jwtSecret: string;
  /** Addresses and keys that no answer may contain. */
  secrets: readonly string[];
}

type Ids = Record<ResourceName, string[]>;
interface Furnished extends Tenant {
  admin: Person;
  ids: Ids;
  words: string[];
}

const sparesCount = 20;
const webhooksCount = 4;

/**
 * New tenants on a stack whose database is at hand: the house and a stranger send requests, guests leave, and one has rows
 * and is silent. They stay behind when the run is over.
 * @throws Error when the stack has no worker that makes their pictures
 */
export async function makeLocalWorld(stack: LocalStack, requests: number): Promise<World> {
  const { databaseUrl: url, jwtSecret } = stack;
  const database = openDatabase({ url, poolMax: 2, applicationName: 'fuzz', onError: () => {} });
  try {
    const { pool } = database;
    const [house, silent] = await Promise.all([furnish(database, stack, 4), furnish(database, stack, 1)]);
    const stranger = await makeTenant(pool, jwtSecret);
    const guests = await makeTenant(pool, jwtSecret);
    const { groups, leavers } = await makeCallers({ house, stranger, guests }, { pool, jwtSecret, requests });
    const keys = groups
      .flatMap(({ callers }) => callers)
      .flatMap(({ kind, headers }) =>
        kind.startsWith('key') ? headers.map(([, value]) => value.replace('Bearer ', '')) : [],
      );
    const books = await openBooks(pool, {
      active: [house.organizationId, stranger.organizationId],
      silent: silent.organizationId,
      exempt: house.ids.member,
    });
    return {
      groups,
      leavers,
      models: await listQuickModels(createApiUser(stack.apiUrl, house.admin.token)),
      resources: joinIds(house.ids, silent.ids),
      foreignOrganizationId: silent.organizationId,
      leakRules: {
        secrets: [...stack.secrets, jwtSecret, ...keys],
        foreignWords: silent.words,
        foreignIds: [silent.organizationId, silent.admin.id, ...Object.values(silent.ids).flat()],
        houseWords: [house.admin.email, `${house.marker} prompt`],
      },
      findChanges: () => books.findChanges(),
      close: () => database.close(),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** A tenant with one of everything: what is deleted in a run comes in greater number. */
async function furnish({ pool }: Database, stack: LocalStack, pictures: number): Promise<Furnished> {
  const tenant = await makeTenant(pool, stack.jwtSecret);
  const user = createApiUser(stack.apiUrl, tenant.admin.token);
  const prompt = `${tenant.marker} prompt [sandbox: picture=tiny, latency=50]`;
  const [made, conversation, codeJob, insightsJob] = await Promise.all([
    makePictures(user, { prompt, count: pictures }),
    makeConversation(user, prompt),
    makeText(user, '/code/generate', { role: 'kite maker', prompt }),
    makeText(user, '/assistant/insights', { data: { kites: 3 }, question: prompt }),
    putProviderKey(stack.apiUrl, tenant),
  ]);
  const owner = { organizationId: tenant.organizationId, userId: tenant.admin.id };
  const keys = await addKeys(
    pool,
    owner,
    Array.from({ length: sparesCount }, () => ({ name: tenant.marker, scopes: ['read'] })),
  );
  const members = await addPeople(pool, owner.organizationId, {
    ...{ role: 'member', count: sparesCount, jwtSecret: stack.jwtSecret },
  });
  const webhooks = await Promise.all(Array.from({ length: webhooksCount }, () => makeWebhook(user)));
  const spares = await addConversations(pool, owner, { title: tenant.marker, count: sparesCount });
  return {
    ...tenant,
    words: [tenant.marker, tenant.admin.email, ...keys.map(({ key }) => key)],
    ids: {
      job: [...made.map(({ id }) => id), conversation.jobId],
      'code-job': [codeJob],
      'insights-job': [insightsJob],
      generation: made.flatMap(({ generation_ids: ids }) => ids),
      conversation: [conversation.id, ...spares],
      'api-key': keys.map(({ id }) => id),
      project: [tenant.projectId],
      member: members.map(({ id }) => id),
      invitation: await addInvitations(pool, owner, sparesCount),
      'webhook-endpoint': webhooks,
      'webhook-delivery': await Promise.all(webhooks.map((id) => addEndedDelivery(pool, owner.organizationId, id))),
      invoice: await addInvoices(pool, owner.organizationId, 2),
      checkout: await addCheckouts(pool, owner, 2),
    },
  };
}

async function putProviderKey(apiUrl: string, tenant: Furnished | (Tenant & { admin: Person })): Promise<void> {
  const response = await fetch(`${apiUrl}/api/v1/provider-keys/elevenlabs`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${tenant.admin.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key: `own-key-of-${tenant.marker}` }),
  });
  if (!response.ok) throw new Error(`a provider key was answered ${response.status}: ${await response.text()}`);
}

function joinIds(own: Ids, foreign: Ids): World['resources'] {
  const join = (name: ResourceName): ResourceIds => {
    const half = Math.ceil(own[name].length / 2);
    return { own: own[name].slice(0, half), spare: own[name].slice(half), foreign: foreign[name] };
  };
  return {
    job: join('job'),
    'code-job': join('code-job'),
    'insights-job': join('insights-job'),
    generation: join('generation'),
    conversation: join('conversation'),
    'api-key': join('api-key'),
    project: join('project'),
    member: join('member'),
    invitation: join('invitation'),
    'webhook-endpoint': join('webhook-endpoint'),
    'webhook-delivery': join('webhook-delivery'),
    invoice: join('invoice'),
    checkout: join('checkout'),
  };
}
