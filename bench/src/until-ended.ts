import { setTimeout as pause } from 'node:timers/promises';
import type { BenchContext } from './bench-context.ts';

/** Waits until all of these jobs have ended, however. @throws Error when none has for two minutes. */
export async function untilEnded({ stack }: BenchContext, jobIds: readonly string[]): Promise<void> {
  let most = 0;
  let movedAt = performance.now();
  for (;;) {
    const { rows } = await stack.database.pool.query<{ ended: number }>(
      'select count(*) as ended from public.ai_jobs where id = any ($1) and completed_at is not null',
      [jobIds],
    );
    const ended = rows[0]?.ended ?? 0;
    if (ended === jobIds.length) return;
    if (ended > most) {
      most = ended;
      movedAt = performance.now();
    }
    if (performance.now() - movedAt > 120_000) throw new Error(`${jobIds.length - ended} jobs do not end`);
    await pause(50);
  }
}
