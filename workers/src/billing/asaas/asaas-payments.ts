import type { ClaimedPaymentEvent } from '@base/shared/db/queries/billing';
import { parseAsaasJson } from '@base/shared/gateways/asaas/amount';
import * as z from 'zod';
import { type PaymentGateway, UnusableEventError } from '../gateway.ts';
import type { AsaasContext } from './asaas-context.ts';
import { compareAsaasSubscriptions } from './compare-subscriptions.ts';
import { endAsaasSubscription } from './end-subscription.ts';
import { type AsaasHandler, handlers } from './handlers.ts';
import { recoverAsaasPayments } from './recover-payments.ts';
import { settleAsaasCheckout } from './settle-checkout.ts';

const payloadSchema = z.looseObject({ id: z.string(), event: z.string() });
const objectSchema = z.object({ id: z.string().min(1) });

export function createAsaasPayments(context: AsaasContext): PaymentGateway {
  return {
    name: 'asaas',
    async process(event) {
      const payload = readPayload(event);
      const handler = handlers.get(event.type);
      if (handler === undefined) return 'ignored';
      return handler.handle(context, { objectId: readObjectId(payload, handler, event), asOf: event.claimed_at });
    },
    recoverEvents: () => recoverAsaasPayments(context),
    settleCheckout: (checkout) => settleAsaasCheckout(context, checkout),
    endSubscription: (gatewayId) => endAsaasSubscription(context, gatewayId),
    compareSubscriptions: () => compareAsaasSubscriptions(context),
    async countSilentWebhooks() {
      const webhooks = await context.asaas.listWebhooks();
      return webhooks.filter(({ interrupted, enabled }) => interrupted || !enabled).length;
    },
  };
}

/** What was not even an event is kept under another type, and comes here to be seen. */
function readPayload({ payload, event_id: id }: ClaimedPaymentEvent): Record<string, unknown> {
  try {
    return payloadSchema.parse(parseAsaasJson(payload));
  } catch {
    throw new UnusableEventError(`what came as ${id} is no event`);
  }
}

/** The event's own copy of the object may be old by now, and is not read. */
function readObjectId(payload: Record<string, unknown>, { about }: AsaasHandler, event: ClaimedPaymentEvent): string {
  const parsed = objectSchema.safeParse(payload[about]);
  if (!parsed.success) throw new UnusableEventError(`the event ${event.event_id} names no ${about}`);
  return parsed.data.id;
}
