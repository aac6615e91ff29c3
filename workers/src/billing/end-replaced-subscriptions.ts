import type { Gateway } from '@base/shared/db/queries/billing';
import type { Schedule } from '../jobs/schedule.ts';
import type { WorkerDeps } from '../start/deps.ts';

const batchSize = 50;

/** Ends at their gateways the subscriptions that another one has replaced: nobody pays for two. */
export const endReplacedSubscriptions: Schedule = {
  name: 'end-replaced-subscriptions',
  everySeconds: 60,
  run: endReplaced,
};

export async function endReplaced({
  pool,
  log,
  paymentGateways,
}: Pick<WorkerDeps, 'pool' | 'log' | 'paymentGateways'>): Promise<undefined> {
  const { rows } = await pool.query<{ organization_id: string; gateway: Gateway; gateway_id: string }>(
    'select * from public.subscriptions_to_end($1)',
    [batchSize],
  );
  for (const { organization_id, gateway, gateway_id: gatewayId } of rows) {
    try {
      await paymentGateways.get(gateway)?.endSubscription(gatewayId);
      log.warn({ organization_id, gateway, subscription: gatewayId }, 'a replaced subscription was ended');
    } catch (err) {
      log.error({ err, organization_id, gateway, subscription: gatewayId }, 'A REPLACED SUBSCRIPTION STILL LIVES');
    }
  }
  return undefined;
}
