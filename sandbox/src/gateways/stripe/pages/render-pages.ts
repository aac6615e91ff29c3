import type { StripeAccount } from '../account.ts';
import type { CheckoutSession, Invoice, PortalSession, Subscription } from '../billing-objects.ts';
import { defaultConfiguration } from '../portal/configurations.ts';
import { escapeHtml, formatCents, formatTime, renderButton, renderPage } from './html.ts';

export function renderCheckout(session: CheckoutSession, note = ''): string {
  if (session.status !== 'open') return renderPage('Checkout', `<p>This page is ${session.status}.</p>`);
  const action = `/_sandbox/stripe/pages/checkout/${session.id}`;
  const parts = [
    `<p>${formatCents(session.amount_total, session.currency)}</p>`,
    note && `<p><strong>${escapeHtml(note)}</strong></p>`,
    renderButton(action, 'Pay by card', { method: 'card', outcome: 'ok' }),
    renderButton(action, 'Pay by a card that is declined', { method: 'card', outcome: 'declined' }),
    session.mode === 'payment' && renderButton(action, 'Boleto, paid', { method: 'boleto', outcome: 'ok' }),
    session.mode === 'payment' && renderButton(action, 'Boleto, not paid', { method: 'boleto', outcome: 'declined' }),
    session.cancel_url && `<p><a href="${escapeHtml(session.cancel_url)}">Cancel</a></p>`,
  ];
  return renderPage('Checkout', parts.filter(Boolean).join('\n'));
}

export function renderPortal(account: StripeAccount, session: PortalSession): string {
  const action = `/_sandbox/stripe/pages/portal/${session.id}`;
  const subscriptions = account.subscriptions.newestFirst(
    ({ customer, ended_at }) => customer === session.customer && ended_at === null,
  );
  const invoices = account.invoices.newestFirst(({ customer }) => customer === session.customer).slice(0, 10);
  const parts = [
    ...subscriptions.map((subscription) => renderSubscription(account, session, subscription)),
    '<h2>Card</h2>',
    renderButton(action, 'Another card', { action: 'card', outcome: 'ok' }),
    renderButton(action, 'Another card, which will be declined', { action: 'card', outcome: 'declined' }),
    '<h2>Invoices</h2>',
    ...invoices.map(
      (invoice) => `<p><a href="/_sandbox/stripe/pages/invoices/${invoice.id}">${describe(invoice)}</a></p>`,
    ),
    session.return_url && `<p><a href="${escapeHtml(session.return_url)}">Return</a></p>`,
  ];
  return renderPage('Your subscription', parts.filter(Boolean).join('\n'));
}

export function renderInvoice(invoice: Invoice): string {
  const lines = invoice.lines.data.map(
    (line) => `<li>${escapeHtml(line.description)}: ${formatCents(line.amount, line.currency)}</li>`,
  );
  const pay = invoice.status === 'open' && renderButton(`/_sandbox/stripe/pages/invoices/${invoice.id}`, 'Pay now');
  const body = [`<p>${describe(invoice)}</p>`, `<ul>${lines.join('')}</ul>`, pay];
  return renderPage('Invoice', body.filter(Boolean).join('\n'));
}

function renderSubscription(account: StripeAccount, session: PortalSession, subscription: Subscription): string {
  const action = `/_sandbox/stripe/pages/portal/${session.id}`;
  const [item] = subscription.items.data;
  const { features } = account.portalConfigurations.find(session.configuration) ?? defaultConfiguration(account);
  const offered = features.subscription_update.products.flatMap(({ prices }) => prices);
  const prices = account.prices.newestFirst(
    ({ id, active, recurring }) =>
      active && recurring !== null && id !== item?.price.id && (offered.length === 0 || offered.includes(id)),
  );
  const name = account.products.find(item?.price.product)?.name ?? subscription.id;
  const end = `until ${formatTime(item?.current_period_end ?? null)}`;
  return [
    `<h2>${escapeHtml(name)}</h2>`,
    `<p>${subscription.status}, ${subscription.cancel_at_period_end ? 'only ' : ''}${end}</p>`,
    subscription.cancel_at_period_end
      ? renderButton(action, 'Keep it', { action: 'resume', subscription: subscription.id })
      : renderButton(action, 'Cancel', { action: 'cancel', subscription: subscription.id }),
    ...prices.map((price) => {
      const label = `${account.products.find(price.product)?.name ?? price.id}, ${formatCents(price.unit_amount, price.currency)} a ${price.recurring?.interval}`;
      return renderButton(action, `Change to ${label}`, {
        action: 'change',
        subscription: subscription.id,
        price: price.id,
      });
    }),
  ].join('\n');
}

function describe(invoice: Invoice): string {
  const number = invoice.number ?? 'Draft';
  return `${escapeHtml(number)}, ${formatCents(invoice.total, invoice.currency)}, ${invoice.status}, ${formatTime(invoice.created)}`;
}
