import type { Day } from './dates.ts';

// Everything that one account of Asaas holds. Amounts are whole cents here, and become decimal numbers when shown.

export const billingTypes = ['PIX', 'BOLETO', 'CREDIT_CARD', 'UNDEFINED'] as const;
export type BillingType = (typeof billingTypes)[number];
/** How a payer can pay. */
export type Method = Exclude<BillingType, 'UNDEFINED'>;

export const cycles = ['WEEKLY', 'BIWEEKLY', 'MONTHLY', 'BIMONTHLY', 'QUARTERLY', 'SEMIANNUALLY', 'YEARLY'] as const;
export type Cycle = (typeof cycles)[number];

export type PaymentStatus =
  | 'PENDING'
  | 'CONFIRMED'
  | 'RECEIVED'
  | 'RECEIVED_IN_CASH'
  | 'OVERDUE'
  | 'REFUNDED'
  | 'CHARGEBACK_REQUESTED';

export interface Customer {
  id: string;
  dateCreated: Day;
  name: string;
  email: string | null;
  cpfCnpj: string;
  mobilePhone: string | null;
  externalReference: string | null;
  notificationDisabled: boolean;
  /** What the issuer of the customer's card says from now on. */
  cardOutcome: 'ok' | 'declined';
}

export interface Refund {
  dateCreated: string;
  status: 'DONE';
  valueCents: number;
  description: string | null;
}

export interface Payment {
  id: string;
  dateCreated: Day;
  customer: string;
  subscription: string | null;
  checkoutSession: string | null;
  externalReference: string | null;
  description: string | null;
  billingType: BillingType;
  status: PaymentStatus;
  valueCents: number;
  dueDate: Day;
  originalDueDate: Day;
  confirmedDate: Day | null;
  paymentDate: Day | null;
  clientPaymentDate: Day | null;
  creditDate: Day | null;
  pixTransaction: string | null;
  nossoNumero: string;
  invoiceNumber: string;
  deleted: boolean;
  creditCardToken: string | null;
  /** Where a reversed chargeback goes back to. */
  chargedBackFrom: PaymentStatus | null;
  chargeback: { status: 'REQUESTED' | 'IN_DISPUTE' | 'REVERSED'; reason: string } | null;
  refunds: Refund[];
}

export interface Subscription {
  id: string;
  dateCreated: Day;
  customer: string;
  checkoutSession: string | null;
  externalReference: string | null;
  description: string | null;
  billingType: BillingType;
  cycle: Cycle;
  valueCents: number;
  /** Of the next payment that will be made. */
  nextDueDate: Day;
  /** Months without this day end on their last. */
  dayOfMonth: number;
  endDate: Day | null;
  maxPayments: number | null;
  status: 'ACTIVE' | 'INACTIVE' | 'EXPIRED';
  deleted: boolean;
  creditCardToken: string | null;
  /** Makes plans for earlier next due dates void. */
  plan: number;
}

export interface CheckoutItem {
  name: string;
  description: string | null;
  quantity: number;
  valueCents: number;
}

export interface Checkout {
  id: string;
  status: 'ACTIVE' | 'PAID' | 'CANCELED' | 'EXPIRED';
  minutesToExpire: number;
  billingTypes: Method[];
  chargeTypes: ('DETACHED' | 'RECURRENT')[];
  callback: { successUrl: string; cancelUrl: string; expiredUrl: string | null };
  items: CheckoutItem[];
  customer: string | null;
  customerData: { name: string; cpfCnpj: string; email: string | null } | null;
  subscription: { cycle: Cycle; nextDueDate: Day; endDate: Day | null } | null;
  externalReference: string | null;
}

/** The newest so many of one kind of thing, by id. */
export class Shelf<T extends { id: string }> {
  readonly #things = new Map<string, T>();
  readonly #countMax: number;

  constructor(countMax = 50_000) {
    this.#countMax = countMax;
  }

  add(thing: T): T {
    this.#things.set(thing.id, thing);
    const [oldest] = this.#things.keys();
    if (this.#things.size > this.#countMax && oldest !== undefined) this.#things.delete(oldest);
    return thing;
  }

  find(id: unknown): T | undefined {
    return typeof id === 'string' ? this.#things.get(id) : undefined;
  }

  /** Those that match, newest first. */
  filter(matches: (thing: T) => boolean): T[] {
    return [...this.#things.values()].filter(matches).reverse();
  }
}
