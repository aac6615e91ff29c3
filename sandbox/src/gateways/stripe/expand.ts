import type { StripeAccount } from './account.ts';
import { listOf } from './list-page.ts';
import { StripeError } from './stripe-error.ts';

type Hash = Record<string, unknown>;

const depthMax = 4;

/** A copy of an answer in which the ids that `paths` name are replaced by what they stand for. */
export function expandAnswer(account: StripeAccount, answer: unknown, paths: readonly string[]): unknown {
  if (paths.length === 0) return answer;
  const copy: unknown = structuredClone(answer);
  // Short ones first, or `a.b` would not find its way through an `a` that is still an id.
  for (const path of paths.toSorted((one, other) => one.length - other.length)) {
    const names = path.split('.');
    if (names.length > depthMax) {
      throw new StripeError(`You cannot expand more than ${depthMax} levels of a property.`, { param: 'expand' });
    }
    expandAt(account, copy, names, path);
  }
  return copy;
}

function expandAt(account: StripeAccount, value: unknown, names: readonly string[], path: string): void {
  const [name, ...rest] = names;
  if (name === undefined || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) expandAt(account, item, names, path);
    return;
  }
  if (!isHash(value)) return;
  const found = value[name] ?? includable(account, value, name);
  if (found === undefined && !(name in value)) {
    const message = `This property cannot be expanded (${path}).`;
    throw new StripeError(message, { param: 'expand' });
  }
  value[name] = typeof found === 'string' ? (findById(account, found) ?? found) : found;
  expandAt(account, value[name], rest, path);
}

/** Fields that are there only for those who ask. */
function includable(account: StripeAccount, value: Hash, name: string): unknown {
  const id = String(value.id);
  switch (`${String(value.object)}.${name}`) {
    case 'invoice.payments':
      return listOf(
        account.invoicePayments.newestFirst(({ invoice }) => invoice === id),
        '/v1/invoice_payments',
      );
    case 'checkout.session.line_items':
      return listOf(account.checkoutPlans.get(id)?.lineItems ?? [], `/v1/checkout/sessions/${id}/line_items`);
    case 'charge.refunds':
      return listOf(
        account.refunds.newestFirst(({ charge }) => charge === id),
        `/v1/charges/${id}/refunds`,
      );
    case 'customer.subscriptions':
      return listOf(
        account.subscriptions.newestFirst(({ customer, ended_at }) => customer === id && ended_at === null),
        `/v1/customers/${id}/subscriptions`,
      );
    default:
      return undefined;
  }
}

function findById(account: StripeAccount, id: string): object | undefined {
  const collections = [
    account.customers,
    account.products,
    account.prices,
    account.paymentMethods,
    account.paymentIntents,
    account.charges,
    account.invoices,
    account.subscriptions,
    account.schedules,
    account.sessions,
    account.refunds,
    account.disputes,
  ];
  for (const collection of collections) {
    const found = collection.find(id);
    if (found) return structuredClone(found);
  }
  return undefined;
}

function isHash(value: unknown): value is Hash {
  return typeof value === 'object' && value !== null;
}
