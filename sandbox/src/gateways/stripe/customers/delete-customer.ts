import type { StripeAccount } from '../account.ts';
import { emitEvent } from '../emit-event.ts';
import type { Customer } from '../objects.ts';
import type { StripeHandler } from '../serve.ts';
import { endSubscription } from '../subscriptions/end-subscription.ts';
import { deletedForm, requireCustomer } from './customers.ts';

export const deleteCustomerCall: StripeHandler = ({ account, params, id }) => {
  params.done();
  deleteCustomer(account, requireCustomer(account, id, 'id'));
  return deletedForm(id);
};

/** A deleted customer's subscriptions end at once. */
export function deleteCustomer(account: StripeAccount, customer: Customer): void {
  const running = account.subscriptions.newestFirst(
    (subscription) => subscription.customer === customer.id && subscription.ended_at === null,
  );
  for (const subscription of running) endSubscription(account, subscription, 'cancellation_requested');
  account.customers.delete(customer.id);
  account.deletedCustomers.add(customer);
  emitEvent(account, 'customer.deleted', customer);
}
