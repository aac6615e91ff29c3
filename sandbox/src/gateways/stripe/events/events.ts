import { listPage, readPageQuery } from '../list-page.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch } from '../stripe-error.ts';

/** Stripe shows events of the last 30 days. */
const keptMs = 30 * 86_400_000;

export const retrieveEvent: StripeHandler = ({ account, params, id }) => {
  params.done();
  const event = account.events.find(id);
  if (!event) throw noSuch('event', id);
  return event;
};

/** GET /events; `delivery_success=false` is what the webhook endpoint has not taken. */
export const listEvents: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const type = params.text('type');
  const types = params.texts('types');
  const isDelivered = params.flag('delivery_success');
  const isCreated = params.isInRange('created');
  params.done();
  const oldest = (account.clock.now().getTime() - keptMs) / 1000;
  return listPage(
    account.events,
    '/v1/events',
    page,
    (event) =>
      (type === undefined || matchesType(event.type, type)) &&
      (types.length === 0 || types.some((wanted) => matchesType(event.type, wanted))) &&
      (isDelivered === undefined || (event.pending_webhooks === 0) === isDelivered) &&
      event.created >= oldest &&
      isCreated(event.created),
  );
};

/** `charge.*` means all of them. */
function matchesType(type: string, wanted: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}
