import type { BenchContext } from './bench-context.ts';

/** Notes a problem when not all of these jobs are completed. @returns how many are. */
export async function checkCompleted({ stack, problems }: BenchContext, jobIds: readonly string[]): Promise<number> {
  const { rows } = await stack.database.pool.query<{ status: string; count: number }>(
    'select status, count(*) from public.ai_jobs where id = any ($1) group by status',
    [jobIds],
  );
  const completed = rows.find((row) => row.status === 'completed')?.count ?? 0;
  if (completed !== jobIds.length)
    problems.push(`${completed} of ${jobIds.length} jobs completed: ${JSON.stringify(rows)}`);
  return completed;
}
