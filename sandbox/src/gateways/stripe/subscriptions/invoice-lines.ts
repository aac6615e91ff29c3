import type { StripeAccount } from '../account.ts';
import type { LineDraft, Period, SubscriptionItem } from '../billing-objects.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** An item's whole period at its price. */
export function fullLine(account: StripeAccount, item: SubscriptionItem): LineDraft {
  const unit = formatMoney(item.price.unit_amount, item.price.currency);
  return {
    ...lineOf(item),
    amount: item.price.unit_amount * item.quantity,
    description: `${item.quantity} × ${nameOf(account, item)} (at ${unit} / ${item.price.recurring?.interval ?? 'month'})`,
    period: periodOf(item),
  };
}

/** An item's trial, which costs nothing. */
export function trialLine(account: StripeAccount, item: SubscriptionItem): LineDraft {
  const description = `Trial period for ${nameOf(account, item)}`;
  return { ...lineOf(item), amount: 0, description, period: periodOf(item) };
}

/** Gives back what is left of the period at the old price. To the second, as Stripe counts. */
export function creditLine(account: StripeAccount, item: SubscriptionItem, date: number): LineDraft {
  const [billed] = account.invoices
    .newestFirst(({ parent }) => parent?.subscription_details.subscription === item.subscription)
    .flatMap((invoice) => invoice.lines.data.map((line) => ({ invoice, line })))
    .filter(({ line }) => line.parent.subscription_item_details?.subscription_item === item.id && line.amount > 0);
  return {
    ...lineOf(item),
    amount: -shareOf(item, date),
    description: `Unused time on ${describe(account, item)} after ${formatDay(date)}`,
    period: { start: date, end: item.current_period_end },
    isProration: true,
    credited: billed ? { invoice: billed.invoice.id, invoice_line_items: [billed.line.id] } : null,
  };
}

/** Charges what is left of the period at the new price. */
export function remainderLine(account: StripeAccount, item: SubscriptionItem, date: number): LineDraft {
  return {
    ...lineOf(item),
    amount: shareOf(item, date),
    description: `Remaining time on ${describe(account, item)} after ${formatDay(date)}`,
    period: { start: date, end: item.current_period_end },
    isProration: true,
  };
}

export function periodOf(item: SubscriptionItem): Period {
  return { start: item.current_period_start, end: item.current_period_end };
}

function lineOf(item: SubscriptionItem) {
  return {
    price: item.price,
    quantity: item.quantity,
    item: { id: item.id, subscription: item.subscription },
    isProration: false,
    invoiceItem: null,
    credited: null,
  };
}

function shareOf(item: SubscriptionItem, date: number): number {
  const { start, end } = periodOf(item);
  return Math.round((item.price.unit_amount * item.quantity * (end - date)) / (end - start));
}

function describe(account: StripeAccount, item: SubscriptionItem): string {
  return item.quantity === 1 ? nameOf(account, item) : `${item.quantity} × ${nameOf(account, item)}`;
}

function nameOf(account: StripeAccount, { price }: SubscriptionItem): string {
  return account.products.find(price.product)?.name ?? price.product;
}

function formatMoney(cents: number, currency: string): string {
  return `${currency === 'brl' ? 'R$ ' : `${currency.toUpperCase()} `}${(cents / 100).toFixed(2)}`;
}

function formatDay(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${String(date.getUTCDate()).padStart(2, '0')} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}
