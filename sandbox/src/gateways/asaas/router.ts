import { type RequestHandler, Router } from 'express';
import { sendReply } from '../../send-reply.ts';
import type { AsaasAccount } from './account.ts';
import { api } from './answer.ts';
import { cancelOneCheckout, createOneCheckout } from './checkout-endpoints.ts';
import { createCustomer, getCustomer, listCustomers, updateCustomer } from './customer-endpoints.ts';
import {
  createOnePayment,
  deleteOnePayment,
  getIdentificationField,
  getPayment,
  getPixQrCode,
  listPayments,
  receiveOneInCash,
  refundOnePayment,
  undoOneReceivedInCash,
} from './payment-endpoints.ts';
import { notFound } from './replies.ts';
import {
  createOneSubscription,
  deleteOneSubscription,
  getSubscription,
  listPaymentsOf,
  listSubscriptions,
  updateOneSubscription,
} from './subscription-endpoints.ts';
import { getWebhook, listWebhooks, updateWebhook } from './webhook-endpoints.ts';

/** Asaas' HTTP API, mounted at `/asaas/v3`. */
export function buildAsaasRouter(account: AsaasAccount): Router {
  const router = Router();
  const on = (answer: Parameters<typeof api>[1]): RequestHandler => api(account, answer);

  router.post('/customers', on(createCustomer));
  router.get('/customers', on(listCustomers));
  router.get('/customers/:id', on(getCustomer));
  router.put('/customers/:id', on(updateCustomer));

  router.post('/payments', on(createOnePayment));
  router.get('/payments', on(listPayments));
  router.get('/payments/:id', on(getPayment));
  router.delete('/payments/:id', on(deleteOnePayment));
  router.post('/payments/:id/refund', on(refundOnePayment));
  router.get('/payments/:id/pixQrCode', on(getPixQrCode));
  router.get('/payments/:id/identificationField', on(getIdentificationField));
  router.post('/payments/:id/receiveInCash', on(receiveOneInCash));
  router.post('/payments/:id/undoReceivedInCash', on(undoOneReceivedInCash));

  router.post('/subscriptions', on(createOneSubscription));
  router.get('/subscriptions', on(listSubscriptions));
  router.get('/subscriptions/:id', on(getSubscription));
  router.put('/subscriptions/:id', on(updateOneSubscription));
  router.delete('/subscriptions/:id', on(deleteOneSubscription));
  router.get('/subscriptions/:id/payments', on(listPaymentsOf));

  router.post('/checkouts', on(createOneCheckout));
  router.post('/checkouts/:id/cancel', on(cancelOneCheckout));

  router.get('/webhooks', on(listWebhooks));
  router.get('/webhooks/:id', on(getWebhook));
  router.put('/webhooks/:id', on(updateWebhook));

  router.use((_req, res) => sendReply(res, notFound().reply));
  return router;
}
