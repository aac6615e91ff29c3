import type { Request } from 'express';
import type { FieldRules } from '../../field-rules.ts';
import { type AsaasAccount, today } from './account.ts';
import { required } from './answer.ts';
import { addMonths, readDay } from './dates.ts';
import { readCents } from './money.ts';
import { boletoCodes, brCode, drawQrCode } from './payment-codes.ts';
import {
  chargeCard,
  createPayment,
  deletePayment,
  receiveInCash,
  refundPayment,
  undoReceivedInCash,
} from './payments.ts';
import { answerPayment } from './present.ts';
import { presentList, query, readBody, readCustomer, readDueDay, readValueCents, textOrNull } from './read-request.ts';
import { type BillingType, billingTypes, type Payment } from './records.ts';
import { invalid } from './replies.ts';

const creation: FieldRules = {
  customer: { type: 'string', isRequired: true },
  billingType: { type: 'string', isRequired: true, values: billingTypes },
  value: { type: 'number', isRequired: true },
  dueDate: { type: 'string', isRequired: true },
  description: { type: 'string', max: 500 },
  externalReference: { type: 'string', max: 100 },
  postalService: { type: 'boolean' },
  callback: { type: 'object' },
  creditCardToken: { type: 'string' },
  remoteIp: { type: 'string' },
};

/** POST /payments. With the token of a card, the card is charged at once, and a refusal leaves nothing behind. */
export function createOnePayment(account: AsaasAccount, req: Request) {
  const body = readBody(req, creation);
  const customer = readCustomer(account, body);
  const creditCardToken = textOrNull(body.creditCardToken);
  if (creditCardToken !== null && customer.cardOutcome === 'declined') {
    throw invalid('invalid_creditCard', 'Transação não autorizada. Verifique os dados do cartão de crédito.');
  }
  const payment = createPayment(account, {
    customer: customer.id,
    billingType: readBillingType(body.billingType),
    valueCents: readValueCents(body.value),
    dueDate: readDueDay(body.dueDate, 'dueDate', today(account)),
    description: textOrNull(body.description),
    externalReference: textOrNull(body.externalReference),
    creditCardToken,
  });
  if (creditCardToken !== null) chargeCard(account, payment);
  return answerPayment(payment, account.origin);
}

/** Narrows what the rules have checked already. */
export function readBillingType(value: unknown): BillingType {
  return billingTypes.find((type) => type === value) ?? 'UNDEFINED';
}

export function findPayment(account: AsaasAccount, req: Request): Payment {
  return required(account.payments.find(req.params.id));
}

/** GET /payments/{id}. Removed ones are still there, marked as such. */
export function getPayment(account: AsaasAccount, req: Request) {
  return answerPayment(findPayment(account, req), account.origin);
}

/** GET /payments: newest first, without the removed ones. */
export function listPayments(account: AsaasAccount, req: Request) {
  const same = (['customer', 'subscription', 'externalReference', 'status', 'billingType'] as const).map(
    (name) => [name, query(req, name)] as const,
  );
  const days = (['dateCreated', 'dueDate', 'paymentDate'] as const).flatMap((name) => [
    { name, from: readBound(req, `${name}[ge]`), to: readBound(req, `${name}[le]`) },
  ]);
  const matches = (payment: Payment) =>
    !payment.deleted &&
    same.every(([name, value]) => value === null || payment[name] === value) &&
    days.every(({ name, from, to }) => {
      const day = payment[name];
      return (from === null || (day !== null && day >= from)) && (to === null || (day !== null && day <= to));
    });
  return presentList(req, account.payments.filter(matches), (payment) => answerPayment(payment, account.origin));
}

function readBound(req: Request, name: string): string | null {
  const text = query(req, name);
  if (text === null) return null;
  const day = readDay(text);
  if (day === null) throw invalid(`invalid_${name}`, `O parâmetro ${name} não é uma data válida.`);
  return day;
}

/** DELETE /payments/{id} */
export function deleteOnePayment(account: AsaasAccount, req: Request) {
  const payment = findPayment(account, req);
  deletePayment(account, payment);
  return { deleted: true, id: payment.id };
}

/** POST /payments/{id}/refund: Pix and cards. A boleto needs the payer's bank account, which has another endpoint. */
export function refundOnePayment(account: AsaasAccount, req: Request) {
  const payment = findPayment(account, req);
  if (payment.billingType === 'BOLETO') {
    throw invalid('invalid_action', 'Somente cobranças recebidas por Pix ou cartão de crédito podem ser estornadas.');
  }
  return refundByRequest(account, req, payment);
}

/** Gives back the `value` of the body, or all that is left. */
export function refundByRequest(account: AsaasAccount, req: Request, payment: Payment) {
  const body = readBody(req, { value: { type: 'number' }, description: { type: 'string' } });
  const valueCents = body.value === undefined ? null : readCents(body.value);
  if (body.value !== undefined && valueCents === null) throw invalid('invalid_value', 'O valor informado é inválido.');
  refundPayment(account, payment, { valueCents, description: textOrNull(body.description) });
  return answerPayment(payment, account.origin);
}

/** GET /payments/{id}/pixQrCode: good for a year after the due date. */
export async function getPixQrCode(account: AsaasAccount, req: Request) {
  const { id, billingType, valueCents, dueDate } = findPayment(account, req);
  if (billingType === 'CREDIT_CARD') throw invalid('invalid_action', 'A cobrança não aceita Pix.');
  const payload = brCode(id, valueCents);
  const expirationDate = `${addMonths(dueDate, 12, Number(dueDate.slice(8)))} 23:59:59`;
  return { encodedImage: await drawQrCode(payload), payload, expirationDate };
}

/** GET /payments/{id}/identificationField */
export function getIdentificationField(account: AsaasAccount, req: Request) {
  const { billingType, nossoNumero, valueCents, dueDate } = findPayment(account, req);
  if (billingType === 'PIX' || billingType === 'CREDIT_CARD') {
    throw invalid('invalid_action', 'A cobrança não possui boleto.');
  }
  return boletoCodes(nossoNumero, valueCents, dueDate);
}

/** POST /payments/{id}/receiveInCash */
export function receiveOneInCash(account: AsaasAccount, req: Request) {
  readBody(req, {
    paymentDate: { type: 'string' },
    value: { type: 'number' },
    notifyCustomer: { type: 'boolean' },
  });
  const payment = findPayment(account, req);
  receiveInCash(account, payment);
  return answerPayment(payment, account.origin);
}

/** POST /payments/{id}/undoReceivedInCash */
export function undoOneReceivedInCash(account: AsaasAccount, req: Request) {
  const payment = findPayment(account, req);
  undoReceivedInCash(account, payment);
  return answerPayment(payment, account.origin);
}
