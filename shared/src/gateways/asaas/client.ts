import type * as z from 'zod';
import { GatewayError } from '../gateway-error.ts';
import { toAmount } from './amount.ts';
import { type AsaasOptions, type AsaasSend, createAsaasSend } from './http.ts';
import {
  asaasBoletoLine,
  asaasCheckout,
  asaasCustomer,
  asaasDeleted,
  asaasList,
  asaasPayment,
  asaasPixQrCode,
  asaasSubscription,
  asaasWebhook,
} from './schemas.ts';

export type AsaasBillingType = 'PIX' | 'BOLETO' | 'CREDIT_CARD' | 'UNDEFINED';
export type AsaasCycle = 'WEEKLY' | 'BIWEEKLY' | 'MONTHLY' | 'BIMONTHLY' | 'QUARTERLY' | 'SEMIANNUALLY' | 'YEARLY';

export interface NewAsaasCustomer {
  name: string;
  cpfCnpj: string;
  email?: string;
  externalReference: string;
  /** No e-mails and texts from Asaas to the customer. */
  notificationDisabled?: boolean;
}

export interface NewAsaasPayment {
  customer: string;
  billingType: AsaasBillingType;
  valueCents: number;
  /** YYYY-MM-DD, in Brazil. */
  dueDate: string;
  description?: string;
  externalReference: string;
  /** Charges the card at once. */
  creditCardToken?: string;
  /** The payer's address on the internet, which Asaas wants with a card. */
  remoteIp?: string;
}

export interface NewAsaasSubscription {
  customer: string;
  billingType: AsaasBillingType;
  valueCents: number;
  nextDueDate: string;
  cycle: AsaasCycle;
  description?: string;
  externalReference: string;
  creditCardToken?: string;
  remoteIp?: string;
}

export interface AsaasSubscriptionChange {
  valueCents?: number;
  nextDueDate?: string;
  status?: 'ACTIVE' | 'INACTIVE';
  cycle?: AsaasCycle;
  billingType?: AsaasBillingType;
  description?: string;
  /** Carries the new value and method over to payments that are open. */
  updatePendingPayments?: boolean;
}

export interface NewAsaasCheckout {
  billingTypes: readonly ('PIX' | 'CREDIT_CARD')[];
  chargeTypes: readonly ('DETACHED' | 'RECURRENT')[];
  minutesToExpire: number;
  callback: { successUrl: string; cancelUrl: string; expiredUrl: string };
  items: readonly { name: string; description?: string; quantity: number; valueCents: number }[];
  /** One that Asaas knows, or the data of a new one. */
  customer?: string;
  customerData?: { name: string; cpfCnpj: string; email?: string };
  subscription?: { cycle: AsaasCycle; nextDueDate: string; endDate?: string };
  externalReference: string;
}

export interface PaymentFilter {
  /** Created on this day or later, YYYY-MM-DD in Brazil. */
  since?: string;
  /** Whose money came on this day or later. */
  paidSince?: string;
  customer?: string;
  subscription?: string;
  externalReference?: string;
  status?: string;
}

export type Asaas = ReturnType<typeof createAsaas>;

const pageSize = 100;

/** The calls to one account of Asaas. Each is sent once; all throw nothing but `GatewayError`. */
export function createAsaas(options: AsaasOptions) {
  const send = createAsaasSend(options);
  return { ...customerCalls(send), ...paymentCalls(send), ...subscriptionCalls(send), ...checkoutCalls(send, options) };
}

function customerCalls(send: AsaasSend) {
  return {
    createCustomer: (customer: NewAsaasCustomer) =>
      send({ method: 'POST', path: '/customers', data: { ...customer }, answer: asaasCustomer }),

    /** The customer that bears our reference: the first, should there be more. */
    async findCustomer(externalReference: string) {
      const { data } = await send({
        method: 'GET',
        path: '/customers',
        params: { externalReference, limit: pageSize },
        answer: asaasList(asaasCustomer),
      });
      return data.findLast(({ deleted }) => !deleted) ?? null;
    },
  };
}

function paymentCalls(send: AsaasSend) {
  return {
    createPayment: async ({ valueCents, ...payment }: NewAsaasPayment) =>
      send({
        method: 'POST',
        path: '/payments',
        data: { ...payment, value: toAmount(valueCents) },
        answer: asaasPayment,
      }),

    getPayment: async (id: string) => send({ method: 'GET', path: `/payments/${segment(id)}`, answer: asaasPayment }),

    /** The payment that bears our reference: the first, should there be more. */
    async findPaymentByReference(externalReference: string) {
      const { data } = await send({
        method: 'GET',
        path: '/payments',
        params: { externalReference, limit: pageSize },
        answer: asaasList(asaasPayment),
      });
      // Lists begin with the newest.
      return data.findLast(({ deleted }) => !deleted) ?? null;
    },

    /**
     * Payments page by page, newest first. The pages are counted off, so what is created meanwhile shifts them: a
     * payment can come twice, but none is left out.
     */
    listPayments: (filter: PaymentFilter = {}) => {
      const { since, paidSince, ...params } = filter;
      return pages(send, '/payments', asaasPayment, {
        ...params,
        ...(since !== undefined && { 'dateCreated[ge]': since }),
        ...(paidSince !== undefined && { 'paymentDate[ge]': paidSince }),
      });
    },

    /** Takes back one that nobody has paid. */
    deletePayment: async (id: string) =>
      send({ method: 'DELETE', path: `/payments/${segment(id)}`, answer: asaasDeleted }),

    /** What the payer scans, or copies and pastes. */
    getPixQrCode: async (id: string) =>
      send({ method: 'GET', path: `/payments/${segment(id)}/pixQrCode`, answer: asaasPixQrCode }),

    getBoletoLine: async (id: string) =>
      send({ method: 'GET', path: `/payments/${segment(id)}/identificationField`, answer: asaasBoletoLine }),

    /** Gives back a part, or all that is left when no amount is given. Asaas does so for Pix and cards. */
    refundPayment: async (id: string, refund: { valueCents?: number; description?: string } = {}) => {
      const { valueCents, description } = refund;
      const data = {
        ...(valueCents !== undefined && { value: toAmount(valueCents) }),
        ...(description !== undefined && { description }),
      };
      return send({ method: 'POST', path: `/payments/${segment(id)}/refund`, data, answer: asaasPayment });
    },
  };
}

function subscriptionCalls(send: AsaasSend) {
  return {
    createSubscription: async ({ valueCents, ...subscription }: NewAsaasSubscription) =>
      send({
        method: 'POST',
        path: '/subscriptions',
        data: { ...subscription, value: toAmount(valueCents) },
        answer: asaasSubscription,
      }),

    /** The subscription that bears our reference: the first, should there be more. */
    async findSubscriptionByReference(externalReference: string) {
      const { data } = await send({
        method: 'GET',
        path: '/subscriptions',
        params: { externalReference, limit: pageSize },
        answer: asaasList(asaasSubscription),
      });
      return data.findLast(({ deleted }) => !deleted) ?? null;
    },

    getSubscription: async (id: string) =>
      send({ method: 'GET', path: `/subscriptions/${segment(id)}`, answer: asaasSubscription }),

    updateSubscription: async (id: string, { valueCents, ...change }: AsaasSubscriptionChange) =>
      send({
        method: 'PUT',
        path: `/subscriptions/${segment(id)}`,
        data: { ...change, ...(valueCents !== undefined && { value: toAmount(valueCents) }) },
        answer: asaasSubscription,
      }),

    /** Ends it; its open payments are deleted as well. */
    deleteSubscription: async (id: string) =>
      send({ method: 'DELETE', path: `/subscriptions/${segment(id)}`, answer: asaasDeleted }),

    /** The account's subscriptions page by page, newest first, without the removed ones. */
    listSubscriptions: () => pages(send, '/subscriptions', asaasSubscription),

    /** Its payments page by page, newest first. */
    listSubscriptionPayments: (id: string) => pages(send, `/subscriptions/${segment(id)}/payments`, asaasPayment),

    /** The newest hundred of its payments: those of years. */
    async getNewestPayments(id: string) {
      const path = `/subscriptions/${segment(id)}/payments`;
      const { data } = await send({
        method: 'GET',
        path,
        params: { limit: pageSize },
        answer: asaasList(asaasPayment),
      });
      return data;
    },
  };
}

function checkoutCalls(send: AsaasSend, { baseUrl }: AsaasOptions) {
  return {
    /** Opens a hosted page. `link` is where the payer goes. */
    async createCheckout({ items, ...checkout }: NewAsaasCheckout) {
      const created = await send({
        method: 'POST',
        path: '/checkouts',
        data: {
          ...checkout,
          items: items.map(({ valueCents, ...item }) => ({ ...item, value: toAmount(valueCents) })),
        },
        answer: asaasCheckout,
      });
      return { ...created, link: created.link ?? checkoutLink(baseUrl, created.id) };
    },

    /** Ends a page that nobody has paid on. */
    cancelCheckout: async (id: string) =>
      send({ method: 'POST', path: `/checkouts/${segment(id)}/cancel`, data: {}, answer: asaasCheckout }),

    /** The account's webhooks, ten at most; `interrupted` tells that one receives nothing any more. */
    async listWebhooks() {
      const { data } = await send({ method: 'GET', path: '/webhooks', answer: asaasList(asaasWebhook) });
      return data;
    },
  };
}

async function* pages<Item extends z.ZodType>(
  send: AsaasSend,
  path: string,
  item: Item,
  params: Record<string, string> = {},
): AsyncGenerator<z.output<Item>[], void, undefined> {
  const answer = asaasList(item);
  for (let offset = 0; ; offset += pageSize) {
    const page = await send({ method: 'GET', path, params: { ...params, offset, limit: pageSize }, answer });
    if (page.data.length > 0) yield page.data;
    if (!page.hasMore || page.data.length === 0) return;
  }
}

/** Asaas may leave the link of a new checkout empty; it is documented as the page of the site with the id. */
function checkoutLink(baseUrl: string, id: string): string {
  const host = new URL(baseUrl).hostname === 'api.asaas.com' ? 'asaas.com' : 'sandbox.asaas.com';
  return `https://${host}/checkoutSession/show?id=${encodeURIComponent(id)}`;
}

/** An id from elsewhere must not reach another path. */
function segment(id: string): string {
  if (/^[\w-]+$/.test(id)) return id;
  throw new GatewayError('not_found', `Asaas has no ids like ${JSON.stringify(id.slice(0, 40))}`);
}
