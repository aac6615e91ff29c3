import { randomBytes, randomInt } from 'node:crypto';
import type { GatewayClock } from '../clock.ts';
import { type Day, dayOf } from './dates.ts';
import type { FaultPlan } from './faults.ts';
import { Outbox } from './outbox.ts';
import { presentCheckout, presentPayment, presentSubscriptionInEvent } from './present.ts';
import { type Checkout, type Customer, type Payment, Shelf, type Subscription } from './records.ts';

/** The one account of Asaas that the sandbox has; every valid key opens it. */
export interface AsaasAccount {
  clock: GatewayClock;
  customers: Shelf<Customer>;
  payments: Shelf<Payment>;
  subscriptions: Shelf<Subscription>;
  checkouts: Shelf<Checkout>;
  outbox: Outbox;
  /** Where the sandbox was last reached: hosted pages are there. */
  origin: string;
  invoiceCount: number;
  faultPlan: FaultPlan | null;
}

export function createAsaasAccount(clock: GatewayClock): AsaasAccount {
  return {
    clock,
    customers: new Shelf(),
    payments: new Shelf(),
    subscriptions: new Shelf(),
    checkouts: new Shelf(),
    outbox: new Outbox(clock),
    origin: 'http://127.0.0.1:4020',
    invoiceCount: 5_100,
    faultPlan: null,
  };
}

/** The day that it is in Brazil by the gateways' clock. */
export function today(account: AsaasAccount): Day {
  return dayOf(account.clock.now());
}

/** `pay_` and 16 letters and digits. */
export function newId(prefix: 'pay_' | 'sub_'): string {
  return prefix + randomBytes(12).toString('base64url').replace(/[-_]/g, '0').toLowerCase();
}

export function newCustomerId(): string {
  return `cus_${String(randomInt(1, 2 ** 47)).padStart(15, '0')}`;
}

export function tellPayment(account: AsaasAccount, event: string, payment: Payment): void {
  account.outbox.emit(event, 'payment', presentPayment(payment, account.origin));
}

export function tellSubscription(account: AsaasAccount, event: string, subscription: Subscription): void {
  account.outbox.emit(event, 'subscription', presentSubscriptionInEvent(subscription));
}

export function tellCheckout(account: AsaasAccount, event: string, checkout: Checkout): void {
  account.outbox.emit(event, 'checkout', presentCheckout(checkout, account.origin));
}
