import { at, nowSeconds, type StripeAccount } from '../account.ts';
import type { PauseCollection, Subscription } from '../billing-objects.ts';
import { requirePrice } from '../catalog/prices.ts';
import { requirePaymentMethod } from '../customers/payment-methods.ts';
import { changeObject, emitEvent } from '../emit-event.ts';
import type { Params } from '../params.ts';
import type { StripeHandler } from '../serve.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { changePrice, type ItemChange, planPriceChange } from './change-price.ts';
import { endSubscription } from './end-subscription.ts';
import { beginPeriodNow, periodEndOf } from './renew-subscription.ts';
import { readCancellation, readTrialWithoutCard, requireSubscription } from './subscriptions.ts';

const prorations = ['none', 'create_prorations', 'always_invoice'] as const;
const payments = ['allow_incomplete', 'default_incomplete', 'error_if_incomplete', 'pending_if_incomplete'] as const;
const pauses = ['keep_as_draft', 'mark_uncollectible', 'void'] as const;
/** What Stripe does not take together with `pending_if_incomplete`. */
const notPending = [
  'metadata',
  'description',
  'cancel_at',
  'cancel_at_period_end',
  'cancellation_details',
  'default_payment_method',
  'pause_collection',
  'trial_settings',
  'payment_settings',
];

export const updateSubscription: StripeHandler = ({ account, params, id }) => {
  const subscription = requireSubscription(account, id, 'id');
  if (subscription.ended_at !== null) throw noSuch('subscription', id);
  const proration = params.choice('proration_behavior', prorations) ?? 'create_prorations';
  const payment = params.choice('payment_behavior', payments) ?? 'allow_incomplete';
  refuseNotPending(params, payment);
  const now = nowSeconds(account);
  const [first] = subscription.items.data;
  const date = params.integer('proration_date', { min: first?.current_period_start ?? 0, max: now }) ?? now;
  const changes = readItemChanges(account, subscription, params);
  const isTrialEnded = readTrialEndNow(params, subscription);
  const change = readOwnFields(account, subscription, params);
  params.choice('collection_method', ['charge_automatically']);
  params.ignore('off_session', 'payment_settings');
  params.done();

  if (changes.length > 0) {
    const plan = planPriceChange(account, subscription, changes, date, proration !== 'none');
    changePrice(account, subscription, plan, { proration, payment }, change);
  } else if (!isTrialEnded) {
    changeObject(account, subscription, 'customer.subscription.updated', change);
  }
  if (isTrialEnded) {
    // Stripe says so even now that it is too late for a warning.
    emitEvent(account, 'customer.subscription.trial_will_end', subscription);
    beginPeriodNow(account, subscription, { ...change, trial_end: now });
  }
  planEffects(account, subscription);
  return subscription;
};

/** The items of the call; each names an item of the subscription, or is a new one. */
export function readItemChanges(account: StripeAccount, subscription: Subscription, params: Params): ItemChange[] {
  return params.groups('items').map((group) => {
    const itemId = group.text('id');
    const item = subscription.items.data.find((candidate) => candidate.id === itemId) ?? null;
    if (itemId !== undefined && !item) throw noSuch('subscription_item', itemId, group.pathOf('id'));
    const priceId = group.text('price');
    const price = priceId === undefined ? item?.price : requirePrice(account, priceId, group.pathOf('price'));
    if (!price) throw group.missing('price');
    if (price.recurring === null) {
      const message = `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`;
      throw new StripeError(message, { param: group.pathOf('price') });
    }
    const isDouble = subscription.items.data.some((other) => other !== item && other.price.id === price.id);
    if (isDouble) {
      throw new StripeError(`A subscription item already exists with the price \`${price.id}\`.`, { param: 'items' });
    }
    const quantity = group.integer('quantity', { min: 1 }) ?? item?.quantity ?? 1;
    return { item, price, quantity, isDeleted: group.flag('deleted') ?? false };
  });
}

function readOwnFields(account: StripeAccount, subscription: Subscription, params: Params): Partial<Subscription> {
  const card = params.text('default_payment_method');
  return {
    metadata: params.metadata(subscription.metadata),
    description: params.has('description') ? params.text('description') || null : subscription.description,
    ...readCancel(account, subscription, params),
    ...(params.has('pause_collection') && { pause_collection: readPause(params) }),
    ...(params.has('trial_settings') && {
      trial_settings: { end_behavior: { missing_payment_method: readTrialWithoutCard(params) } },
    }),
    ...(card !== undefined && {
      default_payment_method: requirePaymentMethod(account, card, 'default_payment_method').id,
    }),
  };
}

function readCancel(account: StripeAccount, subscription: Subscription, params: Params): Partial<Subscription> {
  const atEnd = params.flag('cancel_at_period_end');
  const isAtSent = params.has('cancel_at');
  const cancelAt = params.integer('cancel_at', { min: nowSeconds(account) });
  const details = readCancellation(params, subscription);
  if (atEnd === undefined && !isAtSent) return { cancellation_details: details };
  if (subscription.schedule !== null) {
    const message = `The subscription is managed by the subscription schedule \`${subscription.schedule}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`;
    throw new StripeError(message);
  }
  return cancellation(account, subscription, atEnd ?? false, cancelAt ?? null, details);
}

/** The fields that say when a subscription is to end, or that it goes on. */
export function cancellation(
  account: StripeAccount,
  subscription: Subscription,
  isAtEnd: boolean,
  cancelAt: number | null = null,
  details = subscription.cancellation_details,
): Partial<Subscription> {
  const isEnding = isAtEnd || cancelAt !== null;
  return {
    cancel_at_period_end: isAtEnd,
    cancel_at: isAtEnd ? periodEndOf(subscription) : cancelAt,
    canceled_at: isEnding ? nowSeconds(account) : null,
    cancellation_details: isEnding
      ? { ...details, reason: 'cancellation_requested' }
      : { comment: null, feedback: null, reason: null },
  };
}

function readPause(params: Params): PauseCollection | null {
  const pause = params.group('pause_collection');
  if (!pause) return null;
  const behavior = pause.choice('behavior', pauses);
  if (behavior === undefined) throw pause.missing('behavior');
  return { behavior, resumes_at: pause.integer('resumes_at') ?? null };
}

function readTrialEndNow(params: Params, subscription: Subscription): boolean {
  const end = params.text('trial_end');
  if (end === undefined) return false;
  if (end !== 'now') throw new StripeError('The sandbox only knows `trial_end=now`.', { param: 'trial_end' });
  return subscription.status === 'trialing';
}

function refuseNotPending(params: Params, payment: (typeof payments)[number]): void {
  const sent = payment === 'pending_if_incomplete' && notPending.find((name) => params.has(name));
  if (!sent) return;
  const message = `\`${sent}\` can't be updated with payment_behavior set to 'pending_if_incomplete'.`;
  throw new StripeError(message, { param: sent });
}

/** What the new fields ask for at a later time. */
function planEffects(account: StripeAccount, subscription: Subscription): void {
  const { cancel_at: cancelAt, pause_collection: pause } = subscription;
  if (cancelAt !== null && !subscription.cancel_at_period_end && cancelAt !== periodEndOf(subscription)) {
    at(account, cancelAt, () => {
      if (subscription.ended_at === null && subscription.cancel_at === cancelAt) {
        endSubscription(account, subscription, 'cancellation_requested');
      }
    });
  }
  if (pause?.resumes_at) {
    at(account, pause.resumes_at, () => {
      if (subscription.ended_at !== null || subscription.pause_collection !== pause) return;
      changeObject(account, subscription, 'customer.subscription.updated', { pause_collection: null });
    });
  }
}
