import { type RequestHandler, Router } from 'express';
import { sandboxOrigin } from '../../../providers/provider.ts';
import type { AfterRetries, StripeAccount } from '../account.ts';
import { requirePrice } from '../catalog/prices.ts';
import { type PayMethod, paySession } from '../checkout/pay-session.ts';
import { requireSession } from '../checkout/sessions.ts';
import { deletedForm, requireCustomer } from '../customers/customers.ts';
import { deleteCustomer } from '../customers/delete-customer.ts';
import { replaceCard } from '../customers/payment-methods.ts';
import { faultNames } from '../faults.ts';
import { closeDispute, openDispute, requireDispute } from '../payments/disputes.ts';
import { failRefund, refundCharge, requirePaidCharge, requireRefund } from '../payments/refunds.ts';
import { cancelInPortal, changeInPortal, resumeInPortal } from '../portal/portal-acts.ts';
import { StripeError } from '../stripe-error.ts';
import { requireSubscription } from '../subscriptions/subscriptions.ts';
import { ControlBody } from './control-body.ts';

type Act = (id: string, body: ControlBody) => unknown;

const outcomes = ['ok', 'declined'] as const;
const methods: readonly PayMethod[] = ['card', 'boleto'];
const settings: readonly AfterRetries[] = ['cancel', 'unpaid', 'past_due'];

/** What the world does to the account: customers, banks, and the receiver of its events. At `/_sandbox/stripe`. */
export function buildStripeControls(account: StripeAccount): Router {
  const router = Router();
  const act = (run: Act) => runAct(account, run);
  router.put(
    '/webhook',
    act((_id, body) => setWebhook(account, body)),
  );
  router.get('/outbox', (req, res) => {
    const { at, customer } = req.query;
    const time = typeof at === 'string' ? new Date(at) : account.clock.now();
    if (Number.isNaN(time.getTime())) {
      res.status(400).json({ sandbox_error: 'at must be an ISO 8601 time' });
      return;
    }
    account.clock.runDue();
    res.json(account.outbox.take(time, typeof customer === 'string' ? customer : undefined));
  });
  router.put(
    '/settings',
    act((_id, body) => {
      account.afterRetries = body.choice('after_retries', settings) ?? account.afterRetries;
      return { after_retries: account.afterRetries };
    }),
  );
  router.put(
    '/fault',
    act((_id, body) => setFault(account, body)),
  );
  addPayers(router, account, act);
  addBanks(router, account, act);
  return router;
}

function addPayers(router: Router, account: StripeAccount, act: (run: Act) => RequestHandler): void {
  router.post(
    '/checkout/:id/pay',
    act((id, body) => {
      const session = requireSession(account, id);
      paySession(account, session, body.choice('method', methods) ?? 'card', body.choice('outcome', outcomes) ?? 'ok');
      return session;
    }),
  );
  router.post(
    '/customers/:id/card',
    act((id, body) =>
      replaceCard(account, requireCustomer(account, id, 'id'), body.choice('outcome', outcomes) ?? 'ok'),
    ),
  );
  router.delete(
    '/customers/:id',
    act((id) => {
      deleteCustomer(account, requireCustomer(account, id, 'id'));
      return deletedForm(id);
    }),
  );
  router.post(
    '/subscriptions/:id/portal',
    act((id, body) => {
      const subscription = requireSubscription(account, id, 'id');
      const action = body.choice('action', ['cancel', 'resume', 'change']);
      if (action === 'cancel') cancelInPortal(account, subscription);
      else if (action === 'resume') resumeInPortal(account, subscription);
      else if (action === 'change') {
        changeInPortal(account, subscription, requirePrice(account, body.text('price') ?? '', 'price'));
      } else throw new StripeError('action must be cancel, resume or change');
      return subscription;
    }),
  );
}

function addBanks(router: Router, account: StripeAccount, act: (run: Act) => RequestHandler): void {
  router.post(
    '/payment_intents/:id/refund',
    act((id, body) => refundCharge(account, requirePaidCharge(account, id, 'id'), { amount: body.amount('amount') })),
  );
  router.post(
    '/refunds/:id/fail',
    act((id) => {
      const refund = requireRefund(account, id, 'id');
      failRefund(account, refund);
      return refund;
    }),
  );
  router.post(
    '/payment_intents/:id/dispute',
    act((id, body) => {
      const charge = requirePaidCharge(account, id, 'id');
      return openDispute(account, charge, body.amount('amount') ?? charge.amount, body.flag('inquiry') ?? false);
    }),
  );
  router.post(
    '/disputes/:id/close',
    act((id, body) => {
      const dispute = requireDispute(account, id);
      const outcome = body.choice('outcome', ['won', 'lost']);
      if (outcome === undefined) throw new StripeError('outcome must be won or lost');
      closeDispute(account, dispute, outcome === 'won');
      return dispute;
    }),
  );
}

function setWebhook(account: StripeAccount, body: ControlBody) {
  const { endpoint } = account.outbox;
  account.outbox.endpoint = {
    url: body.text('url') ?? endpoint.url,
    secret: body.text('secret') ?? endpoint.secret,
    mode: body.choice('mode', ['push', 'hold']) ?? endpoint.mode,
    apiVersion: body.text('api_version') ?? endpoint.apiVersion,
  };
  void account.outbox.sendHeld();
  const { url, secret, mode, apiVersion } = account.outbox.endpoint;
  return { url, secret, mode, api_version: apiVersion };
}

/** What goes wrong with the next calls of the API; without a name, nothing. */
function setFault(account: StripeAccount, body: ControlBody) {
  const fault = body.choice('fault', faultNames);
  account.faultPlan = fault
    ? {
        fault,
        times: body.amount('times') ?? 1,
        method: body.text('method') ?? null,
        path: body.text('path') ?? null,
      }
    : null;
  return account.faultPlan ?? {};
}

function runAct(account: StripeAccount, run: Act): RequestHandler {
  return (req, res) => {
    account.origin = sandboxOrigin(req);
    account.clock.runDue();
    const { id } = req.params;
    try {
      res.json(run(typeof id === 'string' ? id : '', new ControlBody(req.body)));
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      res.status(error.status).json({ sandbox_error: error.message });
    }
  };
}
