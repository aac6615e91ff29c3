import type { CheckoutRow } from '@base/shared/db/queries/billing';
import type { CheckoutAtGateway } from '@base/shared/db/queries/checkouts';
import { addDays, dayInBrazil, startOfDay } from '@base/shared/gateways/asaas/brazil-days';
import type { Asaas, AsaasBillingType } from '@base/shared/gateways/asaas/client';
import { createOnce } from '@base/shared/gateways/asaas/create-once';
import { readPaymentState } from '@base/shared/gateways/asaas/payment-state';
import type { AsaasPayment } from '@base/shared/gateways/asaas/schemas';
import type { Clock } from '@base/shared/gateways/clock';
import { GatewayError, isGatewayError } from '@base/shared/gateways/gateway-error';
import type { GatewayOrder } from '../gateway.ts';
import { lookUpDelaysMs, withAsaasCustomer } from './asaas-customer.ts';
import { readInstructions } from './asaas-instructions.ts';

/** Days that a payer of a boleto has. */
const boletoDays = 3;
/** A boleto paid at a counter before a weekend is known of after it. */
const clearingDays = 4;
/** Asaas takes as many characters on its page. */
const itemNameMax = 30;
const pageMinutesMax = 1_440;

/**
 * Makes what is paid for an order under the id of its row, looking for it before each making: for PIX and boleto a
 * payment, or a subscription with its first payment; else a page of Asaas'. A page whose making was not answered is made
 * again: nobody has the address of the one before.
 */
export async function openAsaasCheckout(asaas: Asaas, clock: Clock, order: GatewayOrder): Promise<CheckoutAtGateway> {
  const { checkout } = order;
  return withAsaasCustomer(asaas, order, async (customer) => {
    const { method } = checkout;
    if (method !== 'pix' && method !== 'boleto') return openPage(asaas, clock, order, customer);
    const billingType: AsaasBillingType = method === 'pix' ? 'PIX' : 'BOLETO';
    const dueDate = addDays(dayInBrazil(clock.now()), method === 'boleto' ? boletoDays : 0);
    const wanted = {
      customer,
      billingType,
      valueCents: checkout.amount_cents,
      description: order.itemName,
      externalReference: checkout.id,
    };
    const made =
      checkout.pack_id === null
        ? await makeSubscription(asaas, { ...wanted, nextDueDate: dueDate, cycle: cycleOf(checkout) })
        : await makePayment(asaas, { ...wanted, dueDate });
    const expiresAt = method === 'boleto' ? endOf(made.payment, dueDate) : new Date(checkout.expires_at);
    return {
      gatewayId: made.gatewayId,
      url: made.payment.invoiceUrl,
      instructions: await readInstructions(asaas, method, made.payment),
      expiresAt,
    };
  });
}

async function makePayment(asaas: Asaas, wanted: Parameters<Asaas['createPayment']>[0]) {
  const payment = await createOnce({
    find: () => asaas.findPaymentByReference(wanted.externalReference),
    create: () => asaas.createPayment(wanted),
    lookUpDelaysMs,
  });
  return { gatewayId: payment.id, payment };
}

async function makeSubscription(asaas: Asaas, wanted: Parameters<Asaas['createSubscription']>[0]) {
  const subscription = await createOnce({
    find: () => asaas.findSubscriptionByReference(wanted.externalReference),
    create: () => asaas.createSubscription(wanted),
    lookUpDelaysMs,
  });
  const payment = (await asaas.getNewestPayments(subscription.id)).at(-1);
  // The next try finds the subscription, and by then its payment.
  if (payment === undefined) throw new GatewayError('unavailable', `Asaas: ${subscription.id} has no payment yet`);
  return { gatewayId: subscription.id, payment };
}

function cycleOf({ billing_interval: interval }: CheckoutRow): 'MONTHLY' | 'YEARLY' {
  return interval === 'year' ? 'YEARLY' : 'MONTHLY';
}

function endOf({ dueDate }: AsaasPayment, otherwise: string): Date {
  return startOfDay(addDays(dueDate ?? otherwise, clearingDays));
}

async function openPage(
  asaas: Asaas,
  clock: Clock,
  { checkout, itemName, successUrl, cancelUrl }: GatewayOrder,
  customer: string,
): Promise<CheckoutAtGateway> {
  const now = clock.now();
  const isPlan = checkout.pack_id === null;
  const leftMinutes = Math.floor((new Date(checkout.expires_at).getTime() - now.getTime()) / 60_000);
  const minutesToExpire = Math.min(Math.max(leftMinutes, 10), pageMinutesMax);
  const page = await asaas.createCheckout({
    // Asaas takes nothing but cards for what comes again.
    billingTypes: isPlan || checkout.method === 'card' ? ['CREDIT_CARD'] : ['PIX', 'CREDIT_CARD'],
    chargeTypes: [isPlan ? 'RECURRENT' : 'DETACHED'],
    minutesToExpire,
    callback: { successUrl, cancelUrl, expiredUrl: cancelUrl },
    items: [{ name: itemName.slice(0, itemNameMax), quantity: 1, valueCents: checkout.amount_cents }],
    customer,
    ...(isPlan && { subscription: { cycle: cycleOf(checkout), nextDueDate: dayInBrazil(now) } }),
    externalReference: checkout.id,
  });
  return {
    gatewayId: page.id,
    url: page.link,
    instructions: null,
    expiresAt: new Date(now.getTime() + minutesToExpire * 60_000),
  };
}

/** Takes back what nobody has paid: a payment, a subscription, or a page. */
export async function expireAsaasCheckout(asaas: Asaas, id: string): Promise<'expired' | 'completed'> {
  if (id.startsWith('sub_')) {
    const payments = await asaas.getNewestPayments(id).catch((error: unknown) => {
      if (isGatewayError(error, 'not_found')) return [];
      throw error;
    });
    if (payments.some((payment) => readPaymentState(payment).isPaid)) return 'completed';
    await asaas.deleteSubscription(id);
    return 'expired';
  }
  const isPayment = id.startsWith('pay_');
  try {
    await (isPayment ? asaas.deletePayment(id) : asaas.cancelCheckout(id));
    return 'expired';
  } catch (error) {
    if (isGatewayError(error, 'not_found')) return 'expired';
    if (!isGatewayError(error, 'invalid')) throw error;
    // It is over already. A page shows nobody how, and may have been paid this moment: what we hear next tells.
    return isPayment && !readPaymentState(await asaas.getPayment(id)).isPaid ? 'expired' : 'completed';
  }
}
