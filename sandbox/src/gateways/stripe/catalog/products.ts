import { nowSeconds, type StripeAccount } from '../account.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Product } from '../objects.ts';
import type { Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';

export const createProduct: StripeHandler = ({ account, params }) => {
  const product = readProduct(account, params);
  params.done();
  return storeProduct(account, product);
};

/** The product that parameters describe; it is not stored yet. */
export function readProduct(account: StripeAccount, params: Params): Product {
  const created = nowSeconds(account);
  const product = {
    id: params.text('id') ?? newId('prod', 14),
    object: 'product' as const,
    active: params.flag('active') ?? true,
    created,
    default_price: null,
    description: params.text('description') ?? null,
    images: params.texts('images'),
    livemode: false,
    marketing_features: [],
    metadata: params.metadata(),
    name: params.requiredText('name'),
    package_dimensions: null,
    shippable: null,
    statement_descriptor: params.text('statement_descriptor') ?? null,
    tax_code: params.text('tax_code') ?? null,
    type: 'service',
    unit_label: params.text('unit_label') ?? null,
    updated: created,
    url: params.text('url') ?? null,
  };
  if (account.products.find(product.id)) {
    throw new StripeError('Product already exists.', { code: 'resource_already_exists', param: 'id' });
  }
  return product;
}

export function storeProduct(account: StripeAccount, product: Product): Product {
  account.products.add(product);
  emitEvent(account, 'product.created', product);
  return product;
}

export const retrieveProduct: StripeHandler = ({ account, params, id }) => {
  params.done();
  const product = account.products.find(id);
  if (!product) throw noSuch('product', id);
  return product;
};

export const updateProduct: StripeHandler = ({ account, params, id }) => {
  const product = account.products.find(id);
  if (!product) throw noSuch('product', id);
  const change: Partial<Product> = {
    active: params.flag('active') ?? product.active,
    default_price: params.text('default_price') ?? product.default_price,
    description: params.text('description') ?? product.description,
    metadata: params.metadata(product.metadata),
    name: params.text('name') ?? product.name,
  };
  params.done();
  changeObject(account, product, 'product.updated', { ...change, updated: nowSeconds(account) });
  return product;
};

export const listProducts: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const [active, ids] = [params.flag('active'), params.texts('ids')];
  const isCreated = params.isInRange('created');
  params.done();
  return listPage(
    account.products,
    '/v1/products',
    page,
    (product) =>
      (active === undefined || product.active === active) &&
      (ids.length === 0 || ids.includes(product.id)) &&
      isCreated(product.created),
  );
};
