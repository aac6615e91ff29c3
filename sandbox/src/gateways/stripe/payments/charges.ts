import type { StripeAccount } from '../account.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import type { Charge } from '../objects.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch } from '../stripe-error.ts';

export const retrieveCharge: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requireCharge(account, id, 'id');
};

export const listCharges: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const [customer, paymentIntent] = [params.text('customer'), params.text('payment_intent')];
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.charges,
    '/v1/charges',
    page,
    (charge) =>
      (customer === undefined || charge.customer === customer) &&
      (paymentIntent === undefined || charge.payment_intent === paymentIntent) &&
      isCreated(charge.created),
  );
};

export function requireCharge(account: StripeAccount, id: string, param: string): Charge {
  const charge = account.charges.find(id);
  if (!charge) throw noSuch('charge', id, param);
  return charge;
}
