import { type Day, writeBrazilian } from './dates.ts';
import { feeCents } from './money.ts';
import type { Checkout, Customer, Payment, Subscription } from './records.ts';

const noDiscount = { value: 0, limitDate: null, dueDateLimitDays: 0, type: 'FIXED' };

export function presentCustomer(customer: Customer) {
  const { cardOutcome: _, ...shown } = customer;
  return {
    object: 'customer',
    ...shown,
    phone: null,
    personType: customer.cpfCnpj.length === 11 ? 'FISICA' : 'JURIDICA',
    deleted: false,
  };
}

/** A payment as its events show it, with all fields. */
export function presentPayment(payment: Payment, origin: string) {
  const { id, billingType, valueCents } = payment;
  const isBoleto = billingType === 'BOLETO';
  const isPaid = payment.clientPaymentDate !== null;
  return {
    object: 'payment',
    id,
    dateCreated: payment.dateCreated,
    customer: payment.customer,
    subscription: payment.subscription,
    installment: null,
    checkoutSession: payment.checkoutSession,
    paymentLink: null,
    dueDate: payment.dueDate,
    originalDueDate: payment.originalDueDate,
    value: valueCents / 100,
    netValue: Math.max(0, valueCents - feeCents(billingType, valueCents)) / 100,
    originalValue: null,
    interestValue: null,
    nossoNumero: isBoleto ? payment.nossoNumero : null,
    description: payment.description,
    externalReference: payment.externalReference,
    billingType,
    status: payment.status,
    pixTransaction: payment.pixTransaction,
    confirmedDate: payment.confirmedDate,
    paymentDate: payment.paymentDate,
    clientPaymentDate: payment.clientPaymentDate,
    installmentNumber: null,
    creditDate: payment.creditDate,
    custody: null,
    estimatedCreditDate: payment.creditDate,
    invoiceUrl: `${origin}/asaas/i/${id.replace('pay_', '')}`,
    bankSlipUrl: isBoleto ? `${origin}/asaas/i/${id.replace('pay_', '')}` : null,
    transactionReceiptUrl: isPaid ? `${origin}/asaas/i/${id.replace('pay_', '')}` : null,
    invoiceNumber: payment.invoiceNumber,
    deleted: payment.deleted,
    anticipated: false,
    anticipable: false,
    lastInvoiceViewedDate: null,
    lastBankSlipViewedDate: null,
    postalService: false,
    creditCard:
      billingType === 'CREDIT_CARD' && payment.creditCardToken !== null
        ? { creditCardNumber: '8829', creditCardBrand: 'MASTERCARD', creditCardToken: payment.creditCardToken }
        : null,
    // The documentation of events has another name for it than the API's answers; both are there.
    discount: { ...noDiscount, limitedDate: null },
    fine: { value: 0, type: 'FIXED' },
    interest: { value: 0, type: 'PERCENTAGE' },
    split: null,
    chargeback: payment.chargeback,
    refunds: payment.refunds.length === 0 ? null : payment.refunds.map(presentRefund),
  };
}

function presentRefund({ valueCents, ...refund }: Payment['refunds'][number]) {
  return { ...refund, value: valueCents / 100, transactionReceiptUrl: null };
}

/** A payment as the API answers: what points at nothing is left out. */
export function answerPayment(payment: Payment, origin: string): Record<string, unknown> {
  const omitted = new Set(['subscription', 'installment', 'checkoutSession', 'creditCard', 'split', 'chargeback']);
  const fields = Object.entries(presentPayment(payment, origin));
  return Object.fromEntries(fields.filter(([name, value]) => value !== null || !omitted.has(name)));
}

/** A subscription as the API answers; `writeDay` is another in events. */
export function presentSubscription(subscription: Subscription, writeDay: (day: Day) => string = (day) => day) {
  return {
    object: 'subscription',
    id: subscription.id,
    dateCreated: writeDay(subscription.dateCreated),
    customer: subscription.customer,
    paymentLink: null,
    checkoutSession: subscription.checkoutSession,
    value: subscription.valueCents / 100,
    nextDueDate: writeDay(subscription.nextDueDate),
    endDate: subscription.endDate === null ? null : writeDay(subscription.endDate),
    cycle: subscription.cycle,
    description: subscription.description,
    billingType: subscription.billingType,
    deleted: subscription.deleted,
    status: subscription.status,
    externalReference: subscription.externalReference,
    sendPaymentByPostalService: false,
    discount: noDiscount,
    fine: { value: 0, type: 'FIXED' },
    interest: { value: 0, type: 'PERCENTAGE' },
    split: null,
  };
}

/** A subscription as its events show it, with dates the Brazilian way round. */
export function presentSubscriptionInEvent(subscription: Subscription) {
  return presentSubscription(subscription, writeBrazilian);
}

export function presentCheckout(checkout: Checkout, origin: string) {
  return {
    ...checkout,
    link: `${origin}/asaas/checkoutSession/show?id=${checkout.id}`,
    items: checkout.items.map(({ valueCents, ...item }) => ({ ...item, value: valueCents / 100 })),
    installment: null,
    split: null,
  };
}
