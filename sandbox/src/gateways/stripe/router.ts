import { Router } from 'express';
import type { StripeAccount } from './account.ts';
import { createPrice, listPrices, retrievePrice, updatePrice } from './catalog/prices.ts';
import { createProduct, listProducts, retrieveProduct, updateProduct } from './catalog/products.ts';
import { createSession, expireSession, listLineItems, listSessions, retrieveSession } from './checkout/sessions.ts';
import { createCustomer, listCustomers, retrieveCustomer, updateCustomer } from './customers/customers.ts';
import { deleteCustomerCall } from './customers/delete-customer.ts';
import {
  attachPaymentMethod,
  detachPaymentMethod,
  listPaymentMethods,
  retrievePaymentMethod,
} from './customers/payment-methods.ts';
import { listEvents, retrieveEvent } from './events/events.ts';
import {
  finalizeInvoiceCall,
  markUncollectible,
  payInvoice,
  previewInvoice,
  voidInvoice,
} from './invoices/invoice-actions.ts';
import {
  listInvoiceLines,
  listInvoicePayments,
  listInvoices,
  retrieveInvoice,
  retrieveInvoicePayment,
} from './invoices/invoices.ts';
import { listCharges, retrieveCharge } from './payments/charges.ts';
import { listDisputes, retrieveDispute } from './payments/disputes.ts';
import {
  cancelPayment,
  confirmPaymentIntent,
  createPaymentIntent,
  listPaymentIntents,
  retrievePaymentIntent,
  updatePaymentIntent,
} from './payments/payment-intents.ts';
import { createRefund, listRefunds, retrieveRefund } from './payments/refunds.ts';
import {
  createConfiguration,
  listConfigurations,
  retrieveConfiguration,
  updateConfiguration,
} from './portal/configurations.ts';
import { createPortalSession } from './portal/sessions.ts';
import { answerUnknownUrl, type StripeHandler, serve } from './serve.ts';
import { pauseSubscription, resumeSubscription } from './subscriptions/pause-subscription.ts';
import {
  cancelSchedule,
  createSchedule,
  listSchedules,
  releaseScheduleCall,
  retrieveSchedule,
  updateSchedule,
} from './subscriptions/schedules.ts';
import {
  cancelSubscription,
  createSubscription,
  listSubscriptions,
  retrieveSubscription,
} from './subscriptions/subscriptions.ts';
import { updateSubscription } from './subscriptions/update-subscription.ts';

type Method = 'get' | 'post' | 'delete';

const routes: readonly (readonly [Method, string, StripeHandler])[] = [
  ['get', '/customers', listCustomers],
  ['post', '/customers', createCustomer],
  ['get', '/customers/:id', retrieveCustomer],
  ['post', '/customers/:id', updateCustomer],
  ['delete', '/customers/:id', deleteCustomerCall],
  ['get', '/customers/:id/payment_methods', listPaymentMethods],
  ['get', '/payment_methods', listPaymentMethods],
  ['get', '/payment_methods/:id', retrievePaymentMethod],
  ['post', '/payment_methods/:id/attach', attachPaymentMethod],
  ['post', '/payment_methods/:id/detach', detachPaymentMethod],

  ['get', '/products', listProducts],
  ['post', '/products', createProduct],
  ['get', '/products/:id', retrieveProduct],
  ['post', '/products/:id', updateProduct],
  ['get', '/prices', listPrices],
  ['post', '/prices', createPrice],
  ['get', '/prices/:id', retrievePrice],
  ['post', '/prices/:id', updatePrice],

  ['get', '/checkout/sessions', listSessions],
  ['post', '/checkout/sessions', createSession],
  ['get', '/checkout/sessions/:id', retrieveSession],
  ['get', '/checkout/sessions/:id/line_items', listLineItems],
  ['post', '/checkout/sessions/:id/expire', expireSession],
  ['post', '/billing_portal/sessions', createPortalSession],
  ['get', '/billing_portal/configurations', listConfigurations],
  ['post', '/billing_portal/configurations', createConfiguration],
  ['get', '/billing_portal/configurations/:id', retrieveConfiguration],
  ['post', '/billing_portal/configurations/:id', updateConfiguration],

  ['get', '/subscriptions', listSubscriptions],
  ['post', '/subscriptions', createSubscription],
  ['get', '/subscriptions/:id', retrieveSubscription],
  ['post', '/subscriptions/:id', updateSubscription],
  ['delete', '/subscriptions/:id', cancelSubscription],
  ['post', '/subscriptions/:id/pause', pauseSubscription],
  ['post', '/subscriptions/:id/resume', resumeSubscription],
  ['get', '/subscription_schedules', listSchedules],
  ['post', '/subscription_schedules', createSchedule],
  ['get', '/subscription_schedules/:id', retrieveSchedule],
  ['post', '/subscription_schedules/:id', updateSchedule],
  ['post', '/subscription_schedules/:id/release', releaseScheduleCall],
  ['post', '/subscription_schedules/:id/cancel', cancelSchedule],

  ['get', '/invoices', listInvoices],
  ['post', '/invoices/create_preview', previewInvoice],
  ['get', '/invoices/:id', retrieveInvoice],
  ['get', '/invoices/:id/lines', listInvoiceLines],
  ['post', '/invoices/:id/pay', payInvoice],
  ['post', '/invoices/:id/finalize', finalizeInvoiceCall],
  ['post', '/invoices/:id/void', voidInvoice],
  ['post', '/invoices/:id/mark_uncollectible', markUncollectible],
  ['get', '/invoice_payments', listInvoicePayments],
  ['get', '/invoice_payments/:id', retrieveInvoicePayment],

  ['get', '/payment_intents', listPaymentIntents],
  ['post', '/payment_intents', createPaymentIntent],
  ['get', '/payment_intents/:id', retrievePaymentIntent],
  ['post', '/payment_intents/:id', updatePaymentIntent],
  ['post', '/payment_intents/:id/confirm', confirmPaymentIntent],
  ['post', '/payment_intents/:id/cancel', cancelPayment],
  ['get', '/charges', listCharges],
  ['get', '/charges/:id', retrieveCharge],
  ['get', '/refunds', listRefunds],
  ['post', '/refunds', createRefund],
  ['get', '/refunds/:id', retrieveRefund],
  ['get', '/disputes', listDisputes],
  ['get', '/disputes/:id', retrieveDispute],

  ['get', '/events', listEvents],
  ['get', '/events/:id', retrieveEvent],
];

/** Stripe's HTTP API, mounted at `/v1`: its SDKs know no other path. */
export function buildStripeRouter(account: StripeAccount): Router {
  const router = Router();
  for (const [method, path, handler] of routes) router[method](path, serve(account, handler));
  router.use(answerUnknownUrl);
  return router;
}
