import { nowSeconds, type StripeAccount } from '../account.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Price, Recurring } from '../objects.ts';
import type { Metadata, Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { createProduct } from './products.ts';

const intervals = ['day', 'week', 'month', 'year'] as const;

interface PriceFields {
  currency: string;
  unitAmount: number;
  product: string;
  recurring: Recurring | null;
  isActive: boolean;
  lookupKey: string | null;
  nickname: string | null;
  metadata: Metadata;
}

export const createPrice: StripeHandler = ({ account, params }) => {
  const lookupKey = params.text('lookup_key') ?? null;
  const isKeyTransferred = params.flag('transfer_lookup_key') ?? false;
  const productData = params.group('product_data');
  const fields = {
    ...readAmount(params),
    recurring: readRecurring(params),
    isActive: params.flag('active') ?? true,
    lookupKey,
    nickname: params.text('nickname') ?? null,
    metadata: params.metadata(),
  };
  const named = productData ? undefined : params.requiredText('product');
  params.ignore('tax_behavior', 'billing_scheme');
  // The product's own fields are read where it is made.
  if (!productData) params.done();
  const holder = lookupKey === null ? undefined : findByLookupKey(account, lookupKey);
  if (holder && !isKeyTransferred) {
    const message = `A price (\`${holder.id}\`) already uses that lookup key.`;
    throw new StripeError(message, { code: 'resource_already_exists', param: 'lookup_key' });
  }
  if (named !== undefined && !account.products.find(named)) throw noSuch('product', named, 'product');
  const product = productData ? makeProduct(account, productData) : (named ?? '');
  if (holder) changeObject(account, holder, 'price.updated', { lookup_key: null });
  return addPrice(account, { ...fields, product });
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
  const holder = lookupKey === null ? undefined : findByLookupKey(account, lookupKey);
  if (holder && holder !== price) {
    if (!isKeyTransferred) throw new StripeError(`A price (\`${holder.id}\`) already uses that lookup key.`);
    changeObject(account, holder, 'price.updated', { lookup_key: null });
  }
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

/** The price of a `price_data`: made on the spot, for an existing product or one of its own. */
export function makeInlinePrice(account: StripeAccount, params: Params): Price {
  const productData = params.group('product_data');
  const fields = { ...readAmount(params), recurring: readRecurring(params) };
  params.ignore('tax_behavior');
  const product = productData ? makeProduct(account, productData) : params.requiredText('product');
  if (!account.products.find(product)) throw noSuch('product', product, params.pathOf('product'));
  return addPrice(account, { ...fields, product, isActive: false, lookupKey: null, nickname: null, metadata: {} });
}

function makeProduct(account: StripeAccount, params: Params): string {
  const id = newId('prod', 14);
  const product = createProduct({ account, params, id: '' });
  return 'id' in product ? String(product.id) : id;
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

function findByLookupKey(account: StripeAccount, key: string): Price | undefined {
  return account.prices.newestFirst((price) => price.lookup_key === key)[0];
}

function addPrice(account: StripeAccount, fields: PriceFields): Price {
  const price = {
    id: newId('price'),
    object: 'price' as const,
    active: fields.isActive,
    billing_scheme: 'per_unit',
    created: nowSeconds(account),
    currency: fields.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: fields.lookupKey,
    metadata: fields.metadata,
    nickname: fields.nickname,
    product: fields.product,
    recurring: fields.recurring && {
      ...fields.recurring,
      meter: null,
      trial_period_days: null,
      usage_type: 'licensed',
    },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: fields.recurring ? 'recurring' : 'one_time',
    unit_amount: fields.unitAmount,
    unit_amount_decimal: String(fields.unitAmount),
  };
  account.prices.add(price);
  emitEvent(account, 'price.created', price);
  return price;
}
