import { nowSeconds, type StripeAccount } from '../account.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Price, Product, Recurring } from '../objects.ts';
import type { Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { readProduct, storeProduct } from './products.ts';

const intervals = ['day', 'week', 'month', 'year'] as const;

/** A price that is not stored yet, with its product where that is new, too. */
export interface NewPrice {
  price: Price;
  product: Product | null;
}

export const createPrice: StripeHandler = ({ account, params }) => {
  const lookupKey = params.text('lookup_key') || null;
  const isKeyTransferred = params.flag('transfer_lookup_key') ?? false;
  const made = readPrice(account, params, {
    active: params.flag('active') ?? true,
    lookup_key: lookupKey,
    metadata: params.metadata(),
    nickname: params.text('nickname') ?? null,
  });
  params.ignore('billing_scheme');
  params.done();
  takeLookupKey(account, lookupKey, isKeyTransferred);
  return storePrice(account, made);
};

export const retrievePrice: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requirePrice(account, id, 'id');
};

export const updatePrice: StripeHandler = ({ account, params, id }) => {
  const price = requirePrice(account, id, 'id');
  const isKeyTransferred = params.flag('transfer_lookup_key') ?? false;
  const lookupKey = params.has('lookup_key') ? params.text('lookup_key') || null : price.lookup_key;
  const change: Partial<Price> = {
    active: params.flag('active') ?? price.active,
    lookup_key: lookupKey,
    metadata: params.metadata(price.metadata),
    nickname: params.text('nickname') ?? price.nickname,
  };
  params.done();
  if (lookupKey !== price.lookup_key) takeLookupKey(account, lookupKey, isKeyTransferred);
  changeObject(account, price, 'price.updated', change);
  return price;
};

export const listPrices: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const lookupKeys = params.texts('lookup_keys');
  const [active, product] = [params.flag('active'), params.text('product')];
  const [currency, type] = [params.text('currency'), params.choice('type', ['one_time', 'recurring'])];
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.prices,
    '/v1/prices',
    page,
    (price) =>
      (lookupKeys.length === 0 || (price.lookup_key !== null && lookupKeys.includes(price.lookup_key))) &&
      (active === undefined || price.active === active) &&
      (product === undefined || price.product === product) &&
      (currency === undefined || price.currency === currency) &&
      (type === undefined || (price.recurring === null) === (type === 'one_time')) &&
      isCreated(price.created),
  );
};

/** The price that a parameter names. */
export function requirePrice(account: StripeAccount, id: string, param: string): Price {
  const price = account.prices.find(id);
  if (!price) throw noSuch('price', id, param);
  return price;
}

/** The price of a `price_data`: for this one use, of an existing product or one of its own. */
export function readInlinePrice(account: StripeAccount, params: Params): NewPrice {
  return readPrice(account, params, { active: false, lookup_key: null, metadata: {}, nickname: null });
}

export function storePrice(account: StripeAccount, { price, product }: NewPrice): Price {
  if (product) storeProduct(account, product);
  account.prices.add(price);
  emitEvent(account, 'price.created', price);
  return price;
}

type OwnFields = Pick<Price, 'active' | 'lookup_key' | 'metadata' | 'nickname'>;

function readPrice(account: StripeAccount, params: Params, own: OwnFields): NewPrice {
  const productData = params.group('product_data');
  const product = productData ? readProduct(account, productData) : null;
  const productId = product?.id ?? params.requiredText('product');
  if (!product && !account.products.find(productId)) throw noSuch('product', productId, params.pathOf('product'));
  params.ignore('tax_behavior');
  const amount = readAmount(params);
  const recurring = readRecurring(params);
  const price = {
    ...own,
    id: newId('price'),
    object: 'price' as const,
    billing_scheme: 'per_unit',
    created: nowSeconds(account),
    currency: amount.currency,
    custom_unit_amount: null,
    livemode: false,
    product: productId,
    recurring: recurring && { ...recurring, meter: null, trial_period_days: null, usage_type: 'licensed' },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: recurring ? 'recurring' : 'one_time',
    unit_amount: amount.unitAmount,
    unit_amount_decimal: String(amount.unitAmount),
  };
  return { price, product };
}

function readAmount(params: Params) {
  const currency = params.requiredText('currency').toLowerCase();
  const unitAmount = params.integer('unit_amount', { min: 0, max: 99_999_999 });
  if (unitAmount === undefined) throw params.missing('unit_amount');
  return { currency, unitAmount };
}

function readRecurring(params: Params): Recurring | null {
  const group = params.group('recurring');
  if (!group) return null;
  const interval = group.choice('interval', intervals);
  if (interval === undefined) throw group.missing('interval');
  group.choice('usage_type', ['licensed']);
  return { interval, interval_count: group.integer('interval_count', { min: 1, max: 36 }) ?? 1 };
}

/** Makes the key free for another price, or refuses. */
function takeLookupKey(account: StripeAccount, key: string | null, isTransferred: boolean): void {
  const holder = key === null ? undefined : account.prices.newestFirst((price) => price.lookup_key === key)[0];
  if (!holder) return;
  if (!isTransferred) {
    const message = `A price (\`${holder.id}\`) already uses that lookup key.`;
    throw new StripeError(message, { code: 'resource_already_exists', param: 'lookup_key' });
  }
  changeObject(account, holder, 'price.updated', { lookup_key: null });
}
