import { type Request, type Response, Router } from 'express';
import type { AsaasAccount } from './account.ts';
import { cancelCheckout, payCheckout } from './checkouts.ts';
import { declinePayment, isUnpaid, payPayment } from './payments.ts';
import type { Checkout, Method, Payment } from './records.ts';
import { AsaasRefusal } from './replies.ts';
import { keepCard } from './subscriptions.ts';

const methodNames: Record<Method, string> = { PIX: 'Pix', BOLETO: 'boleto', CREDIT_CARD: 'card' };
const methods = ['PIX', 'BOLETO', 'CREDIT_CARD'] as const;

/** The pages on which a payer pays, mounted at `/asaas`: plain ones, for clicking through by hand. */
export function buildAsaasPages(account: AsaasAccount): Router {
  const router = Router();
  router.get('/i/:id', (req, res) => {
    account.clock.runDue();
    const payment = findPayment(account, req);
    if (payment) sendPage(res, invoicePage(payment));
    else sendPage(res, '<p>No such payment.</p>', 404);
  });
  router.post('/i/:id', (req, res) => {
    const payment = findPayment(account, req);
    if (payment) payInvoice(account, payment, readChoice(req));
    res.redirect(303, req.originalUrl);
  });
  router.get('/checkoutSession/show', (req, res) => {
    account.clock.runDue();
    const checkout = account.checkouts.find(req.query.id);
    if (checkout) sendPage(res, checkoutPage(checkout));
    else sendPage(res, '<p>No such checkout.</p>', 404);
  });
  router.post('/checkoutSession/show', (req, res) => {
    const checkout = account.checkouts.find(req.query.id);
    res.redirect(303, (checkout && leaveCheckout(account, checkout, readChoice(req))) ?? req.originalUrl);
  });
  return router;
}

function findPayment(account: AsaasAccount, req: Request): Payment | undefined {
  return account.payments.find(`pay_${String(req.params.id)}`);
}

function payInvoice(account: AsaasAccount, payment: Payment, choice: string): void {
  ignoreRefusals(() => {
    const method = methods.find((name) => name === choice);
    if (method) {
      payPayment(account, payment, method);
      keepCard(account, payment);
    } else if (choice === 'declined') {
      declinePayment(account, payment);
    }
  });
}

/** Does what the payer chose, and gives where to go from there; null stays on the page. */
function leaveCheckout(account: AsaasAccount, checkout: Checkout, choice: string): string | null {
  ignoreRefusals(() => {
    const method = checkout.billingTypes.find((name) => name === choice);
    if (method) payCheckout(account, checkout, method);
    else if (choice === 'cancel') cancelCheckout(account, checkout);
  });
  if (checkout.status === 'PAID') return checkout.callback.successUrl;
  if (checkout.status === 'CANCELED') return checkout.callback.cancelUrl;
  return checkout.status === 'EXPIRED' ? checkout.callback.expiredUrl : null;
}

/** Somebody clicks on a page that is out of date: the next one shows how things are. */
function ignoreRefusals(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof AsaasRefusal)) throw error;
  }
}

function invoicePage(payment: Payment): string {
  const chosen = payment.billingType === 'UNDEFINED' ? methods : [payment.billingType];
  const buttons = isUnpaid(payment) ? [...chosen.map(payButton), button('declined', 'Card is declined')] : [];
  const { description, status, dueDate } = payment;
  return page(description ?? payment.id, payment.valueCents, `${status}, due ${dueDate}`, buttons);
}

function checkoutPage(checkout: Checkout): string {
  const totalCents = checkout.items.reduce((sum, { quantity, valueCents }) => sum + quantity * valueCents, 0);
  const choices = [...checkout.billingTypes.map(payButton), button('declined', 'Card is declined')];
  const buttons = checkout.status === 'ACTIVE' ? [...choices, button('cancel', 'Cancel')] : [];
  return page(checkout.items.map(({ name }) => name).join(', '), totalCents, checkout.status, buttons);
}

function page(title: string, valueCents: number, state: string, buttons: readonly string[]): string {
  const amount = (valueCents / 100).toFixed(2).replace('.', ',');
  return `<h1>${escapeHtml(title)}</h1><p>R$ ${amount}: ${escapeHtml(state)}</p><form method="post">${buttons.join(' ')}</form>`;
}

function payButton(method: Method): string {
  return button(method, `Pay by ${methodNames[method]}`);
}

function button(choice: string, label: string): string {
  return `<button name="choice" value="${choice}">${label}</button>`;
}

function sendPage(res: Response, content: string, status = 200): void {
  const html = `<!doctype html><meta charset="utf-8"><title>Asaas sandbox</title><body>${content}</body>`;
  res.status(status).type('html').send(html);
}

function readChoice(req: Request): string {
  return new URLSearchParams(typeof req.body === 'string' ? req.body : '').get('choice') ?? '';
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
