import type { Request } from 'express';
import { type FieldRules, isJsonObject } from '../../field-rules.ts';
import { type AsaasAccount, today } from './account.ts';
import { required } from './answer.ts';
import { cancelCheckout, createCheckout } from './checkouts.ts';
import { readDay } from './dates.ts';
import { isDocument, plainDocument } from './document.ts';
import { presentCheckout } from './present.ts';
import { type Body, readBody, readCustomer, readDueDay, readValueCents, textOrNull } from './read-request.ts';
import { type Checkout, type CheckoutItem, cycles } from './records.ts';
import { invalid } from './replies.ts';
import { readCycle } from './subscription-endpoints.ts';

const url = { type: 'string', pattern: /^https?:\/\// } as const;
const creation: FieldRules = {
  billingTypes: { type: 'array', isRequired: true, min: 1, item: { type: 'string', values: ['PIX', 'CREDIT_CARD'] } },
  chargeTypes: { type: 'array', isRequired: true, min: 1, item: { type: 'string', values: ['DETACHED', 'RECURRENT'] } },
  minutesToExpire: { type: 'integer', min: 10, max: 1440 },
  callback: {
    type: 'object',
    isRequired: true,
    fields: { successUrl: { ...url, isRequired: true }, cancelUrl: { ...url, isRequired: true }, expiredUrl: url },
  },
  items: {
    type: 'array',
    isRequired: true,
    min: 1,
    item: {
      type: 'object',
      fields: {
        name: { type: 'string', isRequired: true, min: 1, max: 30 },
        description: { type: 'string', max: 150 },
        quantity: { type: 'integer', isRequired: true, min: 1 },
        value: { type: 'number', isRequired: true },
        imageBase64: { type: 'string' },
        externalReference: { type: 'string' },
      },
    },
  },
  customer: { type: 'string' },
  customerData: {
    type: 'object',
    fields: {
      name: { type: 'string', isRequired: true },
      cpfCnpj: { type: 'string', isRequired: true },
      email: { type: 'string' },
      phone: { type: 'string' },
    },
  },
  subscription: {
    type: 'object',
    fields: {
      cycle: { type: 'string', values: cycles, isRequired: true },
      nextDueDate: { type: 'string', isRequired: true },
      endDate: { type: 'string' },
    },
  },
  externalReference: { type: 'string', max: 100 },
};

/** POST /checkouts */
export function createOneCheckout(account: AsaasAccount, req: Request) {
  const body = readBody(req, creation);
  const names = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  const isRecurrent = names(body.chargeTypes).includes('RECURRENT');
  const isPix = names(body.billingTypes).includes('PIX');
  if (isRecurrent && (isPix || !isJsonObject(body.subscription))) {
    throw invalid('invalid_subscription', 'Assinaturas aceitam somente cartão de crédito e exigem subscription.');
  }
  const checkout = createCheckout(account, {
    billingTypes: (['PIX', 'CREDIT_CARD'] as const).filter((type) => names(body.billingTypes).includes(type)),
    chargeTypes: (['DETACHED', 'RECURRENT'] as const).filter((type) => names(body.chargeTypes).includes(type)),
    minutesToExpire: typeof body.minutesToExpire === 'number' ? body.minutesToExpire : 60,
    callback: readCallback(body),
    items: readItems(body),
    customer: body.customer === undefined ? null : readCustomer(account, body).id,
    customerData: readCustomerData(body),
    subscription: isRecurrent ? readSubscription(account, body) : null,
    externalReference: textOrNull(body.externalReference),
  });
  return presentCheckout(checkout, account.origin);
}

function readCallback({ callback }: Body): Checkout['callback'] {
  const urls = isJsonObject(callback) ? callback : {};
  return {
    successUrl: String(urls.successUrl),
    cancelUrl: String(urls.cancelUrl),
    expiredUrl: textOrNull(urls.expiredUrl),
  };
}

function readItems({ items }: Body): CheckoutItem[] {
  return (Array.isArray(items) ? items : []).filter(isJsonObject).map((item) => ({
    name: String(item.name),
    description: textOrNull(item.description),
    quantity: Number(item.quantity),
    valueCents: readValueCents(item.value),
  }));
}

function readCustomerData({ customerData }: Body): Checkout['customerData'] {
  if (!isJsonObject(customerData)) return null;
  if (!isDocument(customerData.cpfCnpj)) throw invalid('invalid_object', 'O CPF/CNPJ informado é inválido.');
  const cpfCnpj = plainDocument(customerData.cpfCnpj);
  return { name: String(customerData.name), cpfCnpj, email: textOrNull(customerData.email) };
}

function readSubscription(account: AsaasAccount, { subscription }: Body): Checkout['subscription'] {
  const fields = isJsonObject(subscription) ? subscription : {};
  return {
    cycle: readCycle(fields.cycle),
    nextDueDate: readDueDay(fields.nextDueDate, 'nextDueDate', today(account)),
    endDate: readDay(fields.endDate),
  };
}

export function findCheckout(account: AsaasAccount, id: unknown): Checkout {
  return required(account.checkouts.find(id));
}

/** POST /checkouts/{id}/cancel */
export function cancelOneCheckout(account: AsaasAccount, req: Request) {
  const checkout = findCheckout(account, req.params.id);
  cancelCheckout(account, checkout);
  return presentCheckout(checkout, account.origin);
}
