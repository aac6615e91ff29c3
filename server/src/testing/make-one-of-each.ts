import { until } from '@base/shared/testing/until';
import {
  addCheckouts,
  addConversations,
  addEndedDelivery,
  addInvitations,
  addInvoices,
  addKeys,
  addPeople,
  type Person,
  type Tenant,
} from '../fuzz/make-tenant.ts';
import { jwtSecret, type TestApi } from './start-api.ts';

/** Rows of an organization that ids in paths name. */
export interface OneOfEach {
  job: string;
  generation: string;
  conversation: string;
  member: string;
  invitation: string;
  apiKey: string;
  codeJob: string;
  insightsJob: string;
  webhookEndpoint: string;
  webhookDelivery: string;
  checkout: string;
  invoice: string;
}

/** One row of each kind, all at rest: jobs have ended, so that nothing changes any more by itself. */
export async function makeOneOfEach(api: TestApi, house: Tenant & { admin: Person }): Promise<OneOfEach> {
  const { pool } = api.deps;
  const { token } = house.admin;
  const owner = { organizationId: house.organizationId, userId: house.admin.id };
  const post = async (path: string, body: unknown): Promise<string> => {
    const answer = await api.call('POST', `/api/v1${path}`, { token, body });
    if (answer.status !== 201 && answer.status !== 202) throw new Error(`POST ${path}: ${answer.text}`);
    const { id, job } = answer.body as { id?: string; job?: { id: string } }; // a job, or what a text job is for
    return id ?? job?.id ?? '';
  };
  const input = { prompt: 'a kite [sandbox: picture=tiny, latency=20]' };
  const [picture, codeJob, insightsJob] = await Promise.all([
    post('/jobs', { model: 'replicate/flux-schnell', input }),
    post('/code/generate', { role: 'kite maker', prompt: 'a kite' }),
    post('/assistant/insights', { data: { kites: 3 } }),
  ]);
  const [conversation = ''] = await addConversations(pool, owner, { title: 'a talk', count: 1 });
  const [invitation = ''] = await addInvitations(pool, owner, 1);
  const [key] = await addKeys(pool, owner, [{ name: 'one', scopes: ['read'] }]);
  const people = { role: 'member', count: 1, jwtSecret: jwtSecret() };
  const [member] = await addPeople(pool, house.organizationId, people);
  const generation = await until('all jobs have ended', async () => {
    const { rows } = await pool.query<{ live: number; generation: string | null }>(
      `select (select count(*)::int from ai_jobs where organization_id = $1 and status in ('pending', 'queued', 'processing')) as live,
         (select id from generations where job_id = $2) as generation`,
      [house.organizationId, picture],
    );
    return rows[0]?.live === 0 && rows[0].generation;
  });
  const [checkout = ''] = await addCheckouts(pool, owner, 1);
  const [invoice = ''] = await addInvoices(pool, house.organizationId, 1);
  const { id: apiKey = '' } = key ?? {};
  // Switched off, so that nothing is sent.
  const webhookEndpoint = await post('/webhook-endpoints', { url: 'https://webhooks.invalid/', enabled: false });
  const webhookDelivery = await addEndedDelivery(pool, house.organizationId, webhookEndpoint);
  return {
    ...{ job: picture, generation, conversation, member: member?.id ?? '', invitation, apiKey, codeJob, insightsJob },
    ...{ webhookEndpoint, webhookDelivery, checkout, invoice },
  };
}
