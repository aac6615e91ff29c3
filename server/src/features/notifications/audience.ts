import type { Role } from '@base/shared/contracts/accounts';
import type { EventTypeName } from '@base/shared/contracts/event-types';

const everyone: readonly Role[] = ['super_admin', 'admin', 'manager', 'member', 'viewer'];
const managers: readonly Role[] = ['super_admin', 'admin', 'manager'];
const admins: readonly Role[] = ['super_admin', 'admin'];

/** Which events are notifications, and for whom. A type added here is added to the index `events_notifications`, too. */
export const audience: Partial<Record<EventTypeName, readonly Role[]>> = {
  'credits.low': managers,
  'credits.exhausted': everyone,
  'credits.expired': managers,
  'credits.taken_back': managers,
  'credits.returned': managers,
  'budget.reached': managers,
  'subscription.created': managers,
  'subscription.updated': managers,
  'subscription.canceled': managers,
  'subscription.lapsed': managers,
  'subscription.past_due': managers,
  'invoice.payment_failed': managers,
  'topup.failed': managers,
  'member.joined': managers,
  'member.removed': managers,
  'member.role_changed': admins,
  'provider_key.invalid': managers,
  'webhook_endpoint.disabled': managers,
};

/** The types that somebody with this role is shown. */
export function typesFor(role: Role): string[] {
  return Object.entries(audience).flatMap(([type, roles]) => (roles.includes(role) ? [type] : []));
}
