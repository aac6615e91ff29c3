import { connectProvider, type KeyHolder } from '../../generation/own-keys.ts';
import type { Schedule } from '../schedule.ts';

const batchSize = 50;
const timeoutMs = 15_000;

interface AbandonedTask extends KeyHolder {
  id: string;
  job_id: string;
  provider: string;
  model: string;
  provider_task_id: string;
}

/** Tells providers to stop tasks that nobody waits for any more, where they can. Asked once; best effort. */
export const cancelAbandonedTasks: Schedule = {
  name: 'cancel-abandoned-tasks',
  everySeconds: 2,
  async run({ pool, adapters, secretBox, log }) {
    const { rows } = await pool.query<AbandonedTask>(
      `update provider_attempts a set cancel_sent_at = clock_timestamp()
       from (
         select id from provider_attempts
         where status = 'abandoned' and provider_task_id is not null and cancel_sent_at is null
         order by ended_at limit $1 for update skip locked
       ) due
       where a.id = due.id
       returning a.id, a.job_id, a.provider, a.model, a.provider_task_id, a.organization_id, a.key_source,
         (select k.ciphertext from provider_api_keys k where k.organization_id = a.organization_id and k.provider = a.provider) as own_key,
         (select k.base_url from provider_api_keys k where k.organization_id = a.organization_id and k.provider = a.provider) as own_key_base_url`,
      [batchSize],
    );
    await Promise.all(
      rows.map(async (task) => {
        const signal = AbortSignal.timeout(timeoutMs);
        try {
          const cancel = connectProvider(adapters, secretBox, task.provider, task, log)?.cancel;
          if (!cancel) return;
          await cancel(task.provider_task_id, { model: task.model, requestId: task.job_id, signal });
          log.info({ job_id: task.job_id, attempt_id: task.id }, 'the provider was told to stop');
        } catch (err) {
          // The task's cost is on record as at risk already; there is nothing to repair.
          log.warn({ err, job_id: task.job_id, attempt_id: task.id }, 'the provider could not be told to stop');
        }
      }),
    );
  },
};
