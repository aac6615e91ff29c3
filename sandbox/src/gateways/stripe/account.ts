import type { GatewayClock } from '../clock.ts';
import type {
  CheckoutLineItem,
  CheckoutSession,
  Invoice,
  InvoicePayment,
  LineDraft,
  PortalConfiguration,
  PortalSession,
  Subscription,
  SubscriptionSchedule,
} from './billing-objects.ts';
import { BoundedMap, Collection } from './collection.ts';
import { EventOutbox } from './event-outbox.ts';
import type { FaultPlan } from './faults.ts';
import type {
  Charge,
  Customer,
  Dispute,
  PaymentIntent,
  PaymentMethod,
  Price,
  Product,
  Refund,
  StripeEvent,
} from './objects.ts';
import type { SavedAnswer } from './saved-answer.ts';

export type CardOutcome = 'ok' | 'declined';
export type AfterRetries = 'cancel' | 'unpaid' | 'past_due';

/** What a checkout session makes when it is paid; Stripe does not show it on the session. */
export interface CheckoutPlan {
  lineItems: CheckoutLineItem[];
  paymentMetadata: Record<string, string>;
  paymentDescription: string | null;
  keepsCard: boolean;
  hasInvoice: boolean;
  invoiceMetadata: Record<string, string>;
  subscriptionMetadata: Record<string, string>;
  subscriptionDescription: string | null;
  trialEnd: number | null;
  trialDays: number | null;
  trialWithoutCard: Subscription['trial_settings']['end_behavior']['missing_payment_method'];
  isCardOptional: boolean;
  /** The payment of a try that was declined. */
  begunPayment: string | null;
}

/** One account with Stripe: everything in it, its time, and what the world has yet to hear of it. */
export interface StripeAccount {
  clock: GatewayClock;
  /** Where the hosted pages are; learnt from the requests. */
  origin: string;
  customers: Collection<Customer>;
  deletedCustomers: Collection<Customer>;
  products: Collection<Product>;
  prices: Collection<Price>;
  paymentMethods: Collection<PaymentMethod>;
  paymentIntents: Collection<PaymentIntent>;
  charges: Collection<Charge>;
  refunds: Collection<Refund>;
  disputes: Collection<Dispute>;
  invoices: Collection<Invoice>;
  invoicePayments: Collection<InvoicePayment>;
  subscriptions: Collection<Subscription>;
  schedules: Collection<SubscriptionSchedule>;
  sessions: Collection<CheckoutSession>;
  portalSessions: Collection<PortalSession>;
  portalConfigurations: Collection<PortalConfiguration>;
  events: Collection<StripeEvent>;
  outbox: EventOutbox;
  savedAnswers: BoundedMap<SavedAnswer>;
  /** What comes of a charge to a payment method. */
  cardOutcomes: BoundedMap<CardOutcome>;
  checkoutPlans: BoundedMap<CheckoutPlan>;
  pendingProrations: BoundedMap<LineDraft[]>;
  /** What becomes of a subscription whose renewal has failed for the last time. */
  afterRetries: AfterRetries;
  faultPlan: FaultPlan | null;
  /** The API call under way, for its events; null for what Stripe does on its own. */
  request: StripeEvent['request'] | null;
}

export function createStripeAccount(clock: GatewayClock): StripeAccount {
  return {
    clock,
    origin: 'http://127.0.0.1:4020',
    customers: new Collection(),
    deletedCustomers: new Collection(),
    products: new Collection(),
    prices: new Collection(),
    paymentMethods: new Collection(),
    paymentIntents: new Collection(),
    charges: new Collection(),
    refunds: new Collection(),
    disputes: new Collection(),
    invoices: new Collection(),
    invoicePayments: new Collection(),
    subscriptions: new Collection(),
    schedules: new Collection(),
    sessions: new Collection(),
    portalSessions: new Collection(),
    portalConfigurations: new Collection(),
    events: new Collection(),
    outbox: new EventOutbox(clock),
    savedAnswers: new BoundedMap(),
    cardOutcomes: new BoundedMap(),
    checkoutPlans: new BoundedMap(),
    pendingProrations: new BoundedMap(),
    afterRetries: 'cancel',
    faultPlan: null,
    request: null,
  };
}

/** The account's time as Stripe writes it. */
export function nowSeconds(account: StripeAccount): number {
  return Math.floor(account.clock.now().getTime() / 1000);
}

/** Plans something for a moment of Stripe's time. */
export function at(account: StripeAccount, seconds: number, task: () => void): void {
  account.clock.schedule(new Date(seconds * 1000), () => {
    // What Stripe does on its own belongs to no request, even when a request makes it run.
    const { request } = account;
    account.request = null;
    try {
      task();
    } finally {
      account.request = request;
    }
  });
}
