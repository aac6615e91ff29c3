import { nowSeconds, type StripeAccount } from '../account.ts';
import type { PortalConfiguration } from '../billing-objects.ts';
import { emitEvent } from '../emit-event.ts';
import { listPage, readPageQuery } from '../list-page.ts';
import { newId } from '../new-id.ts';
import type { Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch } from '../stripe-error.ts';

const prorations = ['none', 'create_prorations', 'always_invoice'] as const;
const conditions = ['decreasing_item_amount', 'shortening_interval'] as const;
const defaultFeatures: PortalConfiguration['features'] = {
  payment_method_update: { enabled: true },
  subscription_cancel: { enabled: true, mode: 'at_period_end' },
  subscription_update: {
    enabled: true,
    products: [],
    proration_behavior: 'always_invoice',
    schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }, { type: 'shortening_interval' }] },
  },
};

export const createConfiguration: StripeHandler = ({ account, params }) => {
  const features = params.group('features');
  if (!features) throw params.missing('features');
  const read = readFeatures(features, defaultFeatures);
  const metadata = params.metadata();
  params.ignore('business_profile', 'default_return_url', 'login_page', 'name');
  params.done();
  const configuration = addConfiguration(account, read, metadata, false);
  emitEvent(account, 'billing_portal.configuration.created', configuration);
  return configuration;
};

export const retrieveConfiguration: StripeHandler = ({ account, params, id }) => {
  params.done();
  return requireConfiguration(account, id, 'id');
};

export const updateConfiguration: StripeHandler = ({ account, params, id }) => {
  const configuration = requireConfiguration(account, id, 'id');
  const features = params.group('features');
  const change = {
    active: params.flag('active') ?? configuration.active,
    features: features ? readFeatures(features, configuration.features) : configuration.features,
    metadata: params.metadata(configuration.metadata),
  };
  params.ignore('business_profile', 'default_return_url', 'login_page', 'name');
  params.done();
  Object.assign(configuration, { ...change, updated: nowSeconds(account) });
  emitEvent(account, 'billing_portal.configuration.updated', configuration);
  return configuration;
};

export const listConfigurations: StripeHandler = ({ account, params }) => {
  const page = readPageQuery(params);
  const [active, isDefault] = [params.flag('active'), params.flag('is_default')];
  params.done();
  return listPage(
    account.portalConfigurations,
    '/v1/billing_portal/configurations',
    page,
    (configuration) =>
      (active === undefined || configuration.active === active) &&
      (isDefault === undefined || configuration.is_default === isDefault),
  );
};

export function requireConfiguration(account: StripeAccount, id: string, param: string): PortalConfiguration {
  const configuration = account.portalConfigurations.find(id);
  if (!configuration) throw noSuch('configuration', id, param);
  return configuration;
}

/** What is set in Stripe's dashboard: everything is allowed, upgrades at once and downgrades at the end of the period. */
export function defaultConfiguration(account: StripeAccount): PortalConfiguration {
  const [found] = account.portalConfigurations.newestFirst(({ is_default }) => is_default);
  return found ?? addConfiguration(account, defaultFeatures, {}, true);
}

function addConfiguration(
  account: StripeAccount,
  features: PortalConfiguration['features'],
  metadata: PortalConfiguration['metadata'],
  isDefault: boolean,
): PortalConfiguration {
  const created = nowSeconds(account);
  const configuration = {
    id: newId('bpc'),
    object: 'billing_portal.configuration' as const,
    active: true,
    application: null,
    business_profile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
    created,
    default_return_url: null,
    features: {
      customer_update: { allowed_updates: [], enabled: false },
      invoice_history: { enabled: true },
      ...structuredClone(features),
    },
    is_default: isDefault,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata,
    name: null,
    updated: created,
  };
  return account.portalConfigurations.add(configuration);
}

function readFeatures(params: Params, before: PortalConfiguration['features']): PortalConfiguration['features'] {
  const [cancel, update] = [params.group('subscription_cancel'), params.group('subscription_update')];
  const schedule = update?.group('schedule_at_period_end');
  params.ignore('customer_update', 'invoice_history', 'subscription_pause');
  cancel?.ignore('cancellation_reason', 'proration_behavior');
  update?.ignore('default_allowed_updates', 'trial_update_behavior', 'billing_cycle_anchor');
  const old = before.subscription_update;
  const card = params.group('payment_method_update');
  return {
    ...before,
    payment_method_update: { enabled: card?.flag('enabled') ?? before.payment_method_update.enabled },
    subscription_cancel: {
      enabled: cancel?.flag('enabled') ?? before.subscription_cancel.enabled,
      mode: cancel?.choice('mode', ['at_period_end', 'immediately']) ?? before.subscription_cancel.mode,
    },
    subscription_update: {
      enabled: update?.flag('enabled') ?? old.enabled,
      products: update?.has('products') ? readProducts(update) : old.products,
      proration_behavior: update?.choice('proration_behavior', prorations) ?? old.proration_behavior,
      schedule_at_period_end: schedule
        ? { conditions: schedule.groups('conditions').map(readCondition) }
        : old.schedule_at_period_end,
    },
  };
}

function readProducts(update: Params) {
  return update.groups('products').map((product) => {
    product.ignore('adjustable_quantity');
    return { product: product.requiredText('product'), prices: product.texts('prices') };
  });
}

function readCondition(condition: Params) {
  const type = condition.choice('type', conditions);
  if (type === undefined) throw condition.missing('type');
  return { type };
}
