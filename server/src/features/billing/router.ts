import type { Endpoint } from '../../http/endpoint.ts';
import { changeSubscription } from './change-subscription.ts';
import { createCheckout } from './create-checkout.ts';
import { getCheckout } from './get-checkout.ts';
import { getInvoice } from './get-invoice.ts';
import { getSubscription } from './get-subscription.ts';
import { listCreditPacks } from './list-credit-packs.ts';
import { listInvoices } from './list-invoices.ts';
import { openPortal } from './open-portal.ts';
import { cancelSubscription, pauseSubscription, resumeSubscription } from './turn-subscription.ts';

export const billing: readonly Endpoint[] = [
  listCreditPacks,
  createCheckout,
  getCheckout,
  openPortal,
  getSubscription,
  changeSubscription,
  cancelSubscription,
  resumeSubscription,
  pauseSubscription,
  listInvoices,
  getInvoice,
];
