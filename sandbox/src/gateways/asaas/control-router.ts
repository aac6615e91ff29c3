import { type Request, type RequestHandler, Router } from 'express';
import type { AsaasAccount } from './account.ts';
import { control, required } from './answer.ts';
import { findCheckout } from './checkout-endpoints.ts';
import { payCheckout } from './checkouts.ts';
import { faultRules, readFaultPlan } from './faults.ts';
import { findPayment, refundByRequest } from './payment-endpoints.ts';
import {
  chargeBack,
  declinePayment,
  payPayment,
  receiveInCash,
  reverseChargeback,
  undoReceivedInCash,
} from './payments.ts';
import { answerPayment, presentCheckout } from './present.ts';
import { query, readBody } from './read-request.ts';
import type { Method, Payment } from './records.ts';
import { invalid } from './replies.ts';
import { keepCard } from './subscriptions.ts';

const methods: Record<string, Method> = {
  pix: 'PIX',
  boleto: 'BOLETO',
  card: 'CREDIT_CARD',
  credit_card: 'CREDIT_CARD',
};

/** What payers, issuers and the merchant's own staff do outside the API, mounted at `/_sandbox/asaas`. */
export function buildAsaasControlRouter(account: AsaasAccount): Router {
  const router = Router();
  const on = (answer: Parameters<typeof control>[1]): RequestHandler => control(account, answer);
  const onPayment = (act: (payment: Payment, req: Request) => void): RequestHandler =>
    on((_account, req) => {
      const payment = findPayment(account, req);
      act(payment, req);
      return answerPayment(payment, account.origin);
    });

  router.put('/webhook', on(setWebhook));
  router.get(
    '/outbox',
    on((_account, req) => account.outbox.take(query(req, 'contains') ?? '')),
  );
  router.put('/fault', on(setFault));
  router.post('/customers/:id/card', on(setCard));
  router.post(
    '/payments/:id/pay',
    onPayment((payment, req) => pay(account, payment, req)),
  );
  router.post(
    '/payments/:id/decline',
    onPayment((payment) => declinePayment(account, payment)),
  );
  router.post(
    '/payments/:id/refund',
    onPayment((payment, req) => refundByRequest(account, req, payment)),
  );
  router.post(
    '/payments/:id/chargeback',
    onPayment((payment) => chargeBack(account, payment)),
  );
  router.post(
    '/payments/:id/chargeback/reverse',
    onPayment((payment) => reverseChargeback(account, payment)),
  );
  router.post(
    '/payments/:id/receive-in-cash',
    onPayment((payment) => receiveInCash(account, payment)),
  );
  router.post(
    '/payments/:id/receive-in-cash/undo',
    onPayment((payment) => undoReceivedInCash(account, payment)),
  );
  router.post('/checkouts/:id/pay', on(payOneCheckout));
  return router;
}

/** PUT /webhook: where events go, and whether they are posted or wait to be taken. */
function setWebhook(account: AsaasAccount, req: Request) {
  const body = readBody(req, {
    url: { type: 'string' },
    token: { type: 'string' },
    mode: { type: 'string', isRequired: true, values: ['push', 'hold'] },
    sendType: { type: 'string', values: ['SEQUENTIALLY', 'NON_SEQUENTIALLY'] },
  });
  const settings = {
    url: typeof body.url === 'string' ? body.url : '',
    token: typeof body.token === 'string' ? body.token : null,
    mode: body.mode === 'push' ? 'push' : 'hold',
    sendType: body.sendType === 'NON_SEQUENTIALLY' ? 'NON_SEQUENTIALLY' : 'SEQUENTIALLY',
  } as const;
  account.outbox.configure(settings);
  return settings;
}

/** PUT /fault: what goes wrong with the next requests to the API. */
function setFault(account: AsaasAccount, req: Request) {
  account.faultPlan = readFaultPlan(readBody(req, faultRules));
  return account.faultPlan ?? {};
}

/** POST /customers/{id}/card: what the issuer says to each charge from now on. */
function setCard(account: AsaasAccount, req: Request) {
  const customer = required(account.customers.find(req.params.id));
  const body = readBody(req, { outcome: { type: 'string', isRequired: true, values: ['ok', 'declined'] } });
  customer.cardOutcome = body.outcome === 'declined' ? 'declined' : 'ok';
  return { id: customer.id, outcome: customer.cardOutcome };
}

function pay(account: AsaasAccount, payment: Payment, req: Request): void {
  payPayment(account, payment, readMethod(req) ?? (payment.billingType === 'UNDEFINED' ? 'PIX' : payment.billingType));
  keepCard(account, payment);
}

/** POST /checkouts/{id}/pay */
function payOneCheckout(account: AsaasAccount, req: Request) {
  const checkout = findCheckout(account, req.params.id);
  const method = readMethod(req) ?? checkout.billingTypes[0] ?? 'CREDIT_CARD';
  // A payer whose card is refused stays on the page; nobody else hears of it.
  if (!isDeclined(req)) payCheckout(account, checkout, method);
  return presentCheckout(checkout, account.origin);
}

function readMethod(req: Request): Method | null {
  const { method } = readFields(req);
  if (method === undefined) return null;
  const known = typeof method === 'string' ? methods[method.toLowerCase()] : undefined;
  if (!known) throw invalid('invalid_method', 'pix, boleto, card');
  return known;
}

function isDeclined(req: Request): boolean {
  return readFields(req).outcome === 'declined';
}

function readFields(req: Request) {
  return readBody(req, { method: { type: 'string' }, outcome: { type: 'string', values: ['ok', 'declined'] } });
}
