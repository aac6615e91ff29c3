import { deliveryDaysKept } from '@base/shared/contracts/webhooks';
import type { Schedule } from '../jobs/schedule.ts';
import type { WorkerDeps } from '../start/deps.ts';

const atOnce = 5_000;

/** Removes old deliveries of webhooks, so that their log does not grow for ever. */
export const forgetDeliveries: Schedule = {
  name: 'forget-webhook-deliveries',
  everySeconds: 3_600,
  async run({ pool }: WorkerDeps) {
    for (let forgotten = atOnce; forgotten === atOnce; ) {
      const { rows } = await pool.query<{ count: number }>('select public.forget_webhook_deliveries($1, $2) as count', [
        deliveryDaysKept,
        atOnce,
      ]);
      forgotten = rows[0]?.count ?? 0;
    }
    return undefined;
  },
};
