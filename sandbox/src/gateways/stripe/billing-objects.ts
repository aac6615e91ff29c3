import type { Price, StripeList } from './objects.ts';
import type { Metadata } from './params.ts';

/** Invoices, subscriptions and what leads to them; as in `objects.ts`, only the fields that the sandbox works with. */

export interface Period {
  start: number;
  end: number;
}

/** What becomes a line of an invoice. */
export interface LineDraft {
  amount: number;
  description: string;
  period: Period;
  price: Price;
  quantity: number;
  /** Null for what is sold once. */
  item: { id: string; subscription: string } | null;
  isProration: boolean;
  /** The pending item that the line was kept as, where it was. */
  invoiceItem: string | null;
  /** Of a credit: what it takes back. */
  credited: { invoice: string; invoice_line_items: string[] } | null;
}

export interface InvoiceLine {
  id: string;
  object: 'line_item';
  amount: number;
  currency: string;
  description: string;
  invoice: string;
  metadata: Metadata;
  parent: {
    type: 'subscription_item_details' | 'invoice_item_details';
    subscription_item_details: {
      proration: boolean;
      subscription: string;
      subscription_item: string;
    } | null;
    invoice_item_details: { proration: boolean } | null;
  };
  period: Period;
  pricing: { price_details: { price: string; product: string } };
  quantity: number;
  subscription: string | null;
}

export interface Invoice {
  id: string;
  object: 'invoice';
  created: number;
  amount_due: number;
  amount_paid: number;
  amount_remaining: number;
  attempt_count: number;
  attempted: boolean;
  auto_advance: boolean;
  automatically_finalizes_at: number | null;
  billing_reason: 'manual' | 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'upcoming';
  currency: string;
  customer: string;
  effective_at: number | null;
  ending_balance: number | null;
  hosted_invoice_url: string | null;
  invoice_pdf: string | null;
  lines: StripeList<InvoiceLine>;
  metadata: Metadata;
  next_payment_attempt: number | null;
  number: string | null;
  parent: {
    type: 'subscription_details';
    quote_details: null;
    subscription_details: { metadata: Metadata; subscription: string };
  } | null;
  starting_balance: number;
  status: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible';
  status_transitions: {
    finalized_at: number | null;
    marked_uncollectible_at: number | null;
    paid_at: number | null;
    voided_at: number | null;
  };
  total: number;
  webhooks_delivered_at: number | null;
}

export interface InvoicePayment {
  id: string;
  object: 'invoice_payment';
  created: number;
  amount_paid: number | null;
  amount_requested: number;
  invoice: string;
  payment: { type: 'payment_intent'; payment_intent: string };
  status: 'open' | 'paid' | 'canceled';
  status_transitions: { canceled_at: number | null; paid_at: number | null };
}

export interface SubscriptionItem {
  id: string;
  object: 'subscription_item';
  created: number;
  current_period_start: number;
  current_period_end: number;
  price: Price;
  plan: Record<string, unknown>;
  quantity: number;
  subscription: string;
}

export type SubscriptionStatus =
  | 'incomplete'
  | 'incomplete_expired'
  | 'trialing'
  | 'active'
  | 'past_due'
  | 'unpaid'
  | 'canceled'
  | 'paused';

export interface PauseCollection {
  behavior: 'keep_as_draft' | 'mark_uncollectible' | 'void';
  resumes_at: number | null;
}

export interface PendingUpdate {
  billing_cycle_anchor: number | null;
  expires_at: number;
  subscription_items: SubscriptionItem[];
}

export interface Subscription {
  id: string;
  object: 'subscription';
  created: number;
  billing_cycle_anchor: number;
  cancel_at: number | null;
  cancel_at_period_end: boolean;
  canceled_at: number | null;
  cancellation_details: { comment: string | null; feedback: string | null; reason: string | null };
  currency: string;
  customer: string;
  default_payment_method: string | null;
  description: string | null;
  ended_at: number | null;
  items: StripeList<SubscriptionItem>;
  latest_invoice: string | null;
  metadata: Metadata;
  pause_collection: PauseCollection | null;
  pending_update: PendingUpdate | null;
  schedule: string | null;
  start_date: number;
  status: SubscriptionStatus;
  trial_end: number | null;
  trial_start: number | null;
  trial_settings: { end_behavior: { missing_payment_method: 'cancel' | 'create_invoice' | 'pause' } };
}

export interface SchedulePhase {
  start_date: number;
  end_date: number;
  items: { price: string; quantity: number }[];
  metadata: Metadata;
  proration_behavior: 'none' | 'create_prorations' | 'always_invoice';
}

export interface SubscriptionSchedule {
  id: string;
  object: 'subscription_schedule';
  created: number;
  canceled_at: number | null;
  completed_at: number | null;
  current_phase: { start_date: number; end_date: number } | null;
  customer: string;
  end_behavior: 'release' | 'cancel';
  metadata: Metadata;
  phases: SchedulePhase[];
  released_at: number | null;
  released_subscription: string | null;
  status: 'active' | 'completed' | 'released' | 'canceled';
  subscription: string | null;
}

export interface CheckoutLineItem {
  id: string;
  object: 'item';
  amount_total: number;
  price: Price;
  quantity: number;
}

export interface CheckoutSession {
  id: string;
  object: 'checkout.session';
  created: number;
  amount_total: number;
  cancel_url: string | null;
  currency: string;
  customer: string | null;
  customer_creation: 'always' | 'if_required' | null;
  customer_details: Record<string, unknown> | null;
  customer_email: string | null;
  expires_at: number;
  invoice: string | null;
  metadata: Metadata;
  mode: 'payment' | 'subscription';
  payment_intent: string | null;
  payment_status: 'paid' | 'unpaid' | 'no_payment_required';
  status: 'open' | 'complete' | 'expired';
  subscription: string | null;
  success_url: string | null;
  url: string | null;
}

export interface PortalConfiguration {
  id: string;
  object: 'billing_portal.configuration';
  created: number;
  updated: number;
  active: boolean;
  is_default: boolean;
  features: {
    payment_method_update: { enabled: boolean };
    subscription_cancel: { enabled: boolean; mode: 'at_period_end' | 'immediately' };
    subscription_update: {
      enabled: boolean;
      products: { product: string; prices: string[] }[];
      proration_behavior: 'none' | 'create_prorations' | 'always_invoice';
      schedule_at_period_end: { conditions: { type: string }[] };
    };
  };
  metadata: Metadata;
}

export interface PortalSession {
  id: string;
  object: 'billing_portal.session';
  created: number;
  configuration: string;
  customer: string;
  return_url: string | null;
  url: string;
}
