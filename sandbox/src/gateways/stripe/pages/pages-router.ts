import { type RequestHandler, Router } from 'express';
import { sandboxOrigin } from '../../../providers/provider.ts';
import type { StripeAccount } from '../account.ts';
import type { PortalSession } from '../billing-objects.ts';
import { requirePrice } from '../catalog/prices.ts';
import { paySession } from '../checkout/pay-session.ts';
import { requireSession } from '../checkout/sessions.ts';
import { replaceCard } from '../customers/payment-methods.ts';
import { requireInvoice } from '../invoices/invoices.ts';
import { type FormFields, parseForm } from '../parse-form.ts';
import { cancelInPortal, changeInPortal, resumeInPortal } from '../portal/portal-acts.ts';
import { noSuch, StripeError } from '../stripe-error.ts';
import { collectInvoice } from '../subscriptions/collect-invoice.ts';
import { requireSubscription } from '../subscriptions/subscriptions.ts';
import { renderCheckout, renderInvoice, renderPortal } from './render-pages.ts';

/** A page to show, or where the browser goes next. */
type Outcome = { html: string } | { location: string };
type PageAct = (id: string, form: FormFields) => Outcome;

/** The hosted pages, in plain: at `/_sandbox/stripe/pages`. */
export function buildStripePages(account: StripeAccount): Router {
  const router = Router();
  const page = (run: PageAct) => runPage(account, run);
  router.get(
    '/checkout/:id',
    page((id) => ({ html: renderCheckout(requireSession(account, id)) })),
  );
  router.post(
    '/checkout/:id',
    page((id, form) => submitCheckout(account, id, form)),
  );
  router.get(
    '/portal/:id',
    page((id) => ({ html: renderPortal(account, requirePortal(account, id)) })),
  );
  router.post(
    '/portal/:id',
    page((id, form) => submitPortal(account, id, form)),
  );
  router.get(
    '/invoices/:id',
    page((id) => ({ html: renderInvoice(requireInvoice(account, id, 'id')) })),
  );
  router.post(
    '/invoices/:id',
    page((id) => {
      const invoice = requireInvoice(account, id, 'id');
      if (invoice.status === 'open') collectInvoice(account, invoice);
      return { location: `/_sandbox/stripe/pages/invoices/${id}` };
    }),
  );
  return router;
}

function submitCheckout(account: StripeAccount, id: string, form: FormFields): Outcome {
  const session = requireSession(account, id);
  const method = form.method === 'boleto' ? 'boleto' : 'card';
  paySession(account, session, method, form.outcome === 'declined' ? 'declined' : 'ok');
  if (session.status === 'open') return { html: renderCheckout(session, 'Your card was declined.') };
  return { location: (session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id) };
}

function submitPortal(account: StripeAccount, id: string, form: FormFields): Outcome {
  const session = requirePortal(account, id);
  const customer = account.customers.find(session.customer);
  if (!customer) throw noSuch('customer', session.customer);
  if (form.action === 'card') {
    replaceCard(account, customer, form.outcome === 'declined' ? 'declined' : 'ok');
  } else {
    const subscription = requireSubscription(account, String(form.subscription), 'id');
    if (subscription.customer !== customer.id) throw noSuch('subscription', subscription.id);
    if (form.action === 'cancel') cancelInPortal(account, subscription);
    if (form.action === 'resume') resumeInPortal(account, subscription);
    if (form.action === 'change') {
      changeInPortal(account, subscription, requirePrice(account, String(form.price), 'id'));
    }
  }
  return { location: `/_sandbox/stripe/pages/portal/${id}` };
}

function requirePortal(account: StripeAccount, id: string): PortalSession {
  const session = account.portalSessions.find(id);
  if (!session) throw noSuch('billing_portal.session', id);
  return session;
}

function runPage(account: StripeAccount, run: PageAct): RequestHandler {
  return (req, res) => {
    account.origin = sandboxOrigin(req);
    account.clock.runDue();
    const { id } = req.params;
    try {
      const outcome = run(typeof id === 'string' ? id : '', parseForm(typeof req.body === 'string' ? req.body : ''));
      if ('html' in outcome) res.type('html').send(outcome.html);
      else res.redirect(303, outcome.location);
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      res.status(error.status).json({ sandbox_error: error.message });
    }
  };
}
