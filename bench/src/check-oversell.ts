import type { BenchContext } from './bench-context.ts';
import { loadApi } from './load-api.ts';
import { makeAccount } from './make-accounts.ts';
import { type ApiProcesses, settleDown } from './measure-admission.ts';
import { apiModes } from './process-modes.ts';
import type { Section } from './section.ts';

/** An organization that can pay for so many jobs and asks for many more at once: how many are accepted? */
export async function checkOversell(bench: BenchContext, apis: ApiProcesses): Promise<Section> {
  const { credits, requests, connections } = bench.plan.oversell;
  const rows = [];
  for (const mode of apiModes) {
    bench.say(`oversell: ${mode}`);
    const account = await makeAccount(bench.stack.database.pool, { credits });
    const { statuses } = await loadApi({ url: apis[mode].url, keys: [account.key], connections, amount: { requests } });
    await settleDown(bench);
    const accepted = statuses[202] ?? 0;
    rows.push({ mode, credits, requests, accepted, oversold: accepted - credits });
    const jobs = mode === 'naive' ? accepted : await countJobs(bench, account.organizationId);
    if (mode !== 'naive' && (accepted !== credits || jobs !== credits)) {
      bench.problems.push(
        `${mode}: ${accepted} of ${credits} jobs accepted and ${jobs} recorded with ${credits} credits`,
      );
    }
  }
  return {
    id: 'oversell',
    title: `Oversell: ${requests} requests at once, 1 credit each`,
    columns: [
      { key: 'mode', label: 'mode' },
      { key: 'credits', label: 'credits', digits: 0 },
      { key: 'accepted', label: 'accepted', digits: 0 },
      { key: 'oversold', label: 'beyond the balance', digits: 0 },
    ],
    rows,
    notes: [],
  };
}

async function countJobs({ stack }: BenchContext, organizationId: string): Promise<number> {
  const { rows } = await stack.database.pool.query<{ count: number }>(
    'select count(*) from public.ai_jobs where organization_id = $1',
    [organizationId],
  );
  return rows[0]?.count ?? 0;
}
