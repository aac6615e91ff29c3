import { nowSeconds, type StripeAccount } from './account.ts';
import { newId } from './new-id.ts';

/** Records that something happened to `object`, as it is now, and tells the webhook endpoint. */
export function emitEvent(
  account: StripeAccount,
  type: string,
  object: object,
  previous?: Record<string, unknown>,
): void {
  const event = account.events.add({
    id: newId('evt'),
    object: 'event',
    api_version: account.outbox.endpoint.apiVersion,
    created: nowSeconds(account),
    data: { object: structuredClone(object), ...(previous && { previous_attributes: previous }) },
    livemode: false,
    pending_webhooks: 1,
    request: account.request ?? { id: null, idempotency_key: null },
    type,
  });
  account.outbox.add({ event, customer: customerOf(account, object) });
}

/** Changes an object and emits `type` with what its changed fields were before. Emits nothing when nothing changes. */
export function changeObject<T extends object>(
  account: StripeAccount,
  object: T,
  type: string,
  change: Partial<T>,
): void {
  const before = structuredClone(object);
  Object.assign(object, change);
  const previous = changedFields(before, object);
  if (previous) emitEvent(account, type, object, previous);
}

/** What fields of `after` were in `before`: of hashes the changed keys, of arrays all. Undefined when nothing differs. */
export function changedFields(before: object, after: object): Record<string, unknown> | undefined {
  const [old, current] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const changed: Record<string, unknown> = {};
  for (const name of new Set([...old.keys(), ...current.keys()])) {
    const [was, is] = [old.get(name) ?? null, current.get(name) ?? null];
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    changed[name] = isHash(was) && isHash(is) ? changedFields(was, is) : was;
  }
  return Object.keys(changed).length > 0 ? changed : undefined;
}

function isHash(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function customerOf(account: StripeAccount, object: object): string | null {
  if ('object' in object && object.object === 'customer' && 'id' in object) return String(object.id);
  if ('customer' in object && typeof object.customer === 'string') return object.customer;
  // Disputes and invoice payments name their customer through what was paid.
  if ('charge' in object && typeof object.charge === 'string') {
    return account.charges.find(object.charge)?.customer ?? null;
  }
  if ('invoice' in object && typeof object.invoice === 'string') {
    return account.invoices.find(object.invoice)?.customer ?? null;
  }
  return null;
}
