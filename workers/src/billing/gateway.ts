import type { CheckoutRow, ClaimedPaymentEvent, Gateway } from '@base/shared/db/queries/billing';
import type { Clock } from '@base/shared/gateways/clock';
import type { Logger } from '@base/shared/log/logger';
import type { Pool } from 'pg';

/** What carrying out a gateway's events needs. */
export interface PaymentContext {
  pool: Pool;
  log: Logger;
  clock: Clock;
  /** How long a plan is kept while a payment is overdue. */
  graceDays: number;
}

/**
 * One payment gateway, as far as it tells us what has become of money. An event names an object; what is written here is
 * what the gateway answers when it is asked for that object. All may throw GatewayError: then it is tried again later.
 */
export interface PaymentGateway {
  name: Gateway;
  /** `ignored` is what says nothing to us. @throws UnusableEventError for what trying again will not help */
  process(event: ClaimedPaymentEvent): Promise<'processed' | 'ignored'>;
  /** Puts events that have not reached us into the inbox. @returns how many */
  recoverEvents(): Promise<number>;
  /** Looks up an order whose time is over, and writes what has become of it. */
  settleCheckout(checkout: CheckoutRow): Promise<void>;
  /** Ends a subscription that another one has replaced, once or many times. */
  endSubscription(gatewayId: string): Promise<void>;
  /** Compares what lives there with what lives here, and writes what is there. @returns how many differed */
  compareSubscriptions(): Promise<number>;
  /** Of a gateway that stops telling us anything after failures: how many of its webhooks are silent. */
  countSilentWebhooks?(): Promise<number>;
  /** Charges the payment method on file, once however often it is called; absent where a gateway keeps none. */
  payTopup?(topup: DueTopup): Promise<TopupOutcome>;
}

/** A row of claim_topups. */
export interface DueTopup {
  id: string;
  organization_id: string;
  credits: number;
  amount_cents: number;
  gateway_customer_id: string;
  /** From the second claim on it may have been paid already. */
  claims: number;
}

/** `pending`: the gateway does not know yet. */
export type TopupOutcome =
  | { status: 'paid'; paymentId: string; amountCents: number; currency: string; paidAt: Date }
  | { status: 'pending' }
  | { status: 'declined'; code: string };

export type PaymentGateways = ReadonlyMap<Gateway, PaymentGateway>;

/** An event that a person has to look at: nobody can say what, or whom, it is for. */
export class UnusableEventError extends Error {
  override name = 'UnusableEventError';
}
