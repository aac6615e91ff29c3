import { randomInt, randomUUID } from 'node:crypto';
import { type AsaasAccount, newId, tellPayment, today } from './account.ts';
import { addDays, businessDayFrom, type Day, momentOf, startOf } from './dates.ts';
import type { BillingType, Method, Payment, PaymentStatus } from './records.ts';
import { invalid } from './replies.ts';

// The life of a payment.
//
//   PENDING ──► CONFIRMED ──► RECEIVED          card: 32 days apart; boleto: one business day
//      │  └───────────────────► RECEIVED        Pix
//      │  └───────────────────► RECEIVED_IN_CASH ──► back to PENDING or OVERDUE
//      └► OVERDUE ─► as from PENDING            the day after it was due
//   CONFIRMED, RECEIVED ──► REFUNDED            parts leave the status as it is
//   CONFIRMED, RECEIVED ──► CHARGEBACK_REQUESTED ──► back again when the dispute is won
//   PENDING, OVERDUE ──► deleted

/** Days between the confirmation of a card payment and its money. */
const cardCreditDays = 32;
/** Days after the due date on which a card that was refused is tried again. Asaas does not document its own. */
const retryDays = [1, 3, 5];
/** The hour at which cards are charged on the due date. */
const chargeHour = 6;

const unpaid: readonly PaymentStatus[] = ['PENDING', 'OVERDUE'];
const paid: readonly PaymentStatus[] = ['CONFIRMED', 'RECEIVED'];

export interface NewPayment {
  customer: string;
  billingType: BillingType;
  valueCents: number;
  dueDate: Day;
  description: string | null;
  externalReference: string | null;
  subscription?: string;
  checkoutSession?: string;
  creditCardToken?: string | null;
}

/** Makes a payment and tells of it. What has a card and belongs to a subscription is charged when due. */
export function createPayment(account: AsaasAccount, order: NewPayment): Payment {
  account.invoiceCount += 1;
  const payment: Payment = {
    id: newId('pay_'),
    dateCreated: today(account),
    subscription: null,
    checkoutSession: null,
    creditCardToken: null,
    ...order,
    status: 'PENDING',
    originalDueDate: order.dueDate,
    confirmedDate: null,
    paymentDate: null,
    clientPaymentDate: null,
    creditDate: null,
    pixTransaction: null,
    nossoNumero: String(randomInt(1_000_000, 99_999_999)),
    invoiceNumber: String(account.invoiceCount).padStart(8, '0'),
    deleted: false,
    chargedBackFrom: null,
    chargeback: null,
    refunds: [],
  };
  account.payments.add(payment);
  tellPayment(account, 'PAYMENT_CREATED', payment);
  planOverdue(account, payment);
  return payment;
}

function planOverdue(account: AsaasAccount, payment: Payment): void {
  account.clock.schedule(startOf(addDays(payment.dueDate, 1)), () => {
    if (payment.status !== 'PENDING' || payment.deleted) return;
    payment.status = 'OVERDUE';
    tellPayment(account, 'PAYMENT_OVERDUE', payment);
  });
}

/** Plans the charge of a saved card for the due date, or now when that has come; refused ones are tried again. */
export function planCardCharges(account: AsaasAccount, payment: Payment): void {
  for (const days of [0, ...retryDays]) {
    account.clock.schedule(startOf(addDays(payment.dueDate, days), chargeHour), () => {
      if (isUnpaid(payment) && payment.billingType === 'CREDIT_CARD') chargeCard(account, payment);
    });
  }
}

/** Charges the saved card. Gives whether the issuer agreed. */
export function chargeCard(account: AsaasAccount, payment: Payment): boolean {
  if (account.customers.find(payment.customer)?.cardOutcome === 'declined') {
    declinePayment(account, payment);
    return false;
  }
  payPayment(account, payment, 'CREDIT_CARD');
  return true;
}

export function declinePayment(account: AsaasAccount, payment: Payment): void {
  requireUnpaid(payment);
  tellPayment(account, 'PAYMENT_CREDIT_CARD_CAPTURE_REFUSED', payment);
}

/** The payer pays. Pix is there at once; the others are confirmed first, and received later. */
export function payPayment(account: AsaasAccount, payment: Payment, method: Method): void {
  requireUnpaid(payment);
  requireMethod(payment, method);
  const day = today(account);
  payment.billingType = method;
  payment.confirmedDate = day;
  payment.clientPaymentDate = day;
  if (method === 'PIX') {
    payment.pixTransaction = randomUUID();
    payment.creditDate = day;
    receive(account, payment);
    return;
  }
  if (method === 'CREDIT_CARD') payment.creditCardToken ??= randomUUID();
  payment.creditDate = businessDayFrom(addDays(day, method === 'CREDIT_CARD' ? cardCreditDays : 1));
  payment.status = 'CONFIRMED';
  tellPayment(account, 'PAYMENT_CONFIRMED', payment);
  account.clock.schedule(startOf(payment.creditDate, chargeHour), () => {
    if (payment.status === 'CONFIRMED') receive(account, payment);
    else if (payment.chargedBackFrom === 'CONFIRMED') payment.chargedBackFrom = 'RECEIVED';
  });
}

function receive(account: AsaasAccount, payment: Payment): void {
  payment.status = 'RECEIVED';
  payment.paymentDate = today(account);
  tellPayment(account, 'PAYMENT_RECEIVED', payment);
}

/** The merchant was handed cash, and says so. */
export function receiveInCash(account: AsaasAccount, payment: Payment): void {
  requireUnpaid(payment);
  payment.status = 'RECEIVED_IN_CASH';
  payment.paymentDate = today(account);
  payment.clientPaymentDate = today(account);
  tellPayment(account, 'PAYMENT_RECEIVED', payment);
}

export function undoReceivedInCash(account: AsaasAccount, payment: Payment): void {
  requireStatus(payment, ['RECEIVED_IN_CASH']);
  payment.status = payment.dueDate < today(account) ? 'OVERDUE' : 'PENDING';
  payment.paymentDate = null;
  payment.clientPaymentDate = null;
  tellPayment(account, 'PAYMENT_RECEIVED_IN_CASH_UNDONE', payment);
}

/** Gives back a part, or all that is left. */
export function refundPayment(
  account: AsaasAccount,
  payment: Payment,
  refund: { valueCents: number | null; description: string | null },
): void {
  requireStatus(payment, paid);
  const leftCents = payment.valueCents - payment.refunds.reduce((sum, { valueCents }) => sum + valueCents, 0);
  const valueCents = refund.valueCents ?? leftCents;
  if (valueCents <= 0 || valueCents > leftCents) {
    throw invalid('invalid_value', 'O valor do estorno não pode ser maior que o valor restante da cobrança.');
  }
  const dateCreated = momentOf(account.clock.now());
  payment.refunds.push({ dateCreated, status: 'DONE', valueCents, description: refund.description });
  if (valueCents === leftCents) payment.status = 'REFUNDED';
  tellPayment(account, valueCents === leftCents ? 'PAYMENT_REFUNDED' : 'PAYMENT_PARTIALLY_REFUNDED', payment);
}

/** The payer tells the issuer of the card that the charge was wrong. */
export function chargeBack(account: AsaasAccount, payment: Payment): void {
  requireStatus(payment, paid);
  payment.chargedBackFrom = payment.status;
  payment.status = 'CHARGEBACK_REQUESTED';
  payment.chargeback = { status: 'REQUESTED', reason: 'PROCESS_ERROR' };
  tellPayment(account, 'PAYMENT_CHARGEBACK_REQUESTED', payment);
}

/** The merchant disputes the chargeback and wins: the money comes back, and with it the event of its coming. */
export function reverseChargeback(account: AsaasAccount, payment: Payment): void {
  requireStatus(payment, ['CHARGEBACK_REQUESTED']);
  payment.chargeback = { status: 'IN_DISPUTE', reason: 'PROCESS_ERROR' };
  tellPayment(account, 'PAYMENT_CHARGEBACK_DISPUTE', payment);
  payment.chargeback = { status: 'REVERSED', reason: 'PROCESS_ERROR' };
  tellPayment(account, 'PAYMENT_AWAITING_CHARGEBACK_REVERSAL', payment);
  const isReceived = payment.chargedBackFrom === 'RECEIVED';
  payment.chargedBackFrom = null;
  payment.status = isReceived ? 'RECEIVED' : 'CONFIRMED';
  if (isReceived) payment.paymentDate ??= today(account);
  tellPayment(account, isReceived ? 'PAYMENT_RECEIVED' : 'PAYMENT_CONFIRMED', payment);
}

export function deletePayment(account: AsaasAccount, payment: Payment): void {
  requireUnpaid(payment);
  payment.deleted = true;
  tellPayment(account, 'PAYMENT_DELETED', payment);
}

export function isUnpaid(payment: Payment): boolean {
  return unpaid.includes(payment.status) && !payment.deleted;
}

function requireUnpaid(payment: Payment): void {
  if (payment.deleted) throw invalid('invalid_action', 'A cobrança foi removida.');
  requireStatus(payment, unpaid);
}

function requireStatus(payment: Payment, statuses: readonly PaymentStatus[]): void {
  if (statuses.includes(payment.status)) return;
  throw invalid('invalid_action', `A situação da cobrança não permite a operação: ${payment.status}.`);
}

/** A boleto has a QR code as well; what is undefined is for the payer to choose. */
function requireMethod({ billingType }: Payment, method: Method): void {
  if (billingType === method || billingType === 'UNDEFINED' || (billingType === 'BOLETO' && method === 'PIX')) return;
  throw invalid('invalid_billingType', `A cobrança não aceita ${method}.`);
}
