import type { AdmittedJob } from '../admission/admit-job.ts';
import type { JobRow } from '../admission/job-row.ts';
import { waitForJob } from '../admission/wait-for-job.ts';
import type { ResponseDeclaration } from '../http/endpoint.ts';

/** The headers of both answers, for the documentation. */
export const answerHeaders = {
  Location: 'Where to read this later.',
  'Preference-Applied': '`wait=n`.',
} satisfies ResponseDeclaration['headers'];

/** 201 with the answer when the caller preferred to wait and the job has ended, else 202. */
export async function replyWithAnswer<B>(
  admitted: AdmittedJob,
  prefer: string | undefined,
  context: Parameters<typeof waitForJob>[2],
  present: (row: JobRow) => { body: B; path: string },
): Promise<{ status: 201 | 202; body: B; headers: Record<string, string> }> {
  const { row, status, headers } = await waitForJob(admitted.row, prefer, context);
  const { body, path } = present(row);
  return {
    status,
    body,
    headers: {
      Location: `${context.deps.publicUrl}/api/v1${path}`,
      ...headers,
      ...(admitted.isReplayed ? { 'Idempotent-Replayed': 'true' } : {}),
    },
  };
}
