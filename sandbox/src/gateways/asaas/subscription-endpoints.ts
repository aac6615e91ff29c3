import type { Request } from 'express';
import type { FieldRules } from '../../field-rules.ts';
import { type AsaasAccount, today } from './account.ts';
import { required } from './answer.ts';
import { readDay } from './dates.ts';
import { readBillingType } from './payment-endpoints.ts';
import { answerPayment, presentSubscription } from './present.ts';
import { presentList, query, readBody, readCustomer, readDueDay, readValueCents, textOrNull } from './read-request.ts';
import { billingTypes, type Cycle, cycles, type Subscription } from './records.ts';
import {
  createSubscription,
  deleteSubscription,
  paymentsOf,
  type SubscriptionChange,
  updateSubscription,
} from './subscriptions.ts';

const changeable: FieldRules = {
  billingType: { type: 'string', values: billingTypes },
  value: { type: 'number' },
  nextDueDate: { type: 'string' },
  cycle: { type: 'string', values: cycles },
  description: { type: 'string', max: 500 },
  endDate: { type: 'string' },
  externalReference: { type: 'string', max: 100 },
};
const creation: FieldRules = {
  customer: { type: 'string', isRequired: true },
  ...changeable,
  billingType: { type: 'string', values: billingTypes, isRequired: true },
  value: { type: 'number', isRequired: true },
  nextDueDate: { type: 'string', isRequired: true },
  cycle: { type: 'string', values: cycles, isRequired: true },
  maxPayments: { type: 'integer', min: 1 },
  creditCardToken: { type: 'string' },
  remoteIp: { type: 'string' },
};
const update: FieldRules = {
  ...changeable,
  status: { type: 'string', values: ['ACTIVE', 'INACTIVE'] },
  updatePendingPayments: { type: 'boolean' },
};

/** POST /subscriptions */
export function createOneSubscription(account: AsaasAccount, req: Request) {
  const body = readBody(req, creation);
  const subscription = createSubscription(account, {
    customer: readCustomer(account, body).id,
    billingType: readBillingType(body.billingType),
    cycle: readCycle(body.cycle),
    valueCents: readValueCents(body.value),
    nextDueDate: readDueDay(body.nextDueDate, 'nextDueDate', today(account)),
    endDate: readDay(body.endDate),
    maxPayments: typeof body.maxPayments === 'number' ? body.maxPayments : null,
    description: textOrNull(body.description),
    externalReference: textOrNull(body.externalReference),
    creditCardToken: textOrNull(body.creditCardToken),
  });
  return presentSubscription(subscription);
}

/** Narrows what the rules have checked already. */
export function readCycle(value: unknown): Cycle {
  return cycles.find((cycle) => cycle === value) ?? 'MONTHLY';
}

function findSubscription(account: AsaasAccount, req: Request): Subscription {
  return required(account.subscriptions.find(req.params.id));
}

/** GET /subscriptions/{id} */
export function getSubscription(account: AsaasAccount, req: Request) {
  return presentSubscription(findSubscription(account, req));
}

/** GET /subscriptions: newest first, without the removed ones. */
export function listSubscriptions(account: AsaasAccount, req: Request) {
  const same = (['customer', 'externalReference', 'status', 'billingType'] as const).map(
    (name) => [name, query(req, name)] as const,
  );
  const matches = (subscription: Subscription) =>
    !subscription.deleted && same.every(([name, value]) => value === null || subscription[name] === value);
  return presentList(req, account.subscriptions.filter(matches), (subscription) => presentSubscription(subscription));
}

/** PUT /subscriptions/{id} */
export function updateOneSubscription(account: AsaasAccount, req: Request) {
  const subscription = findSubscription(account, req);
  const body = readBody(req, update);
  const { status } = body;
  const change: SubscriptionChange = {
    ...(body.value !== undefined && { valueCents: readValueCents(body.value) }),
    ...(body.nextDueDate !== undefined && {
      nextDueDate: readDueDay(body.nextDueDate, 'nextDueDate', today(account)),
    }),
    ...(body.billingType !== undefined && { billingType: readBillingType(body.billingType) }),
    ...(body.cycle !== undefined && { cycle: readCycle(body.cycle) }),
    ...(body.endDate !== undefined && { endDate: readDay(body.endDate) }),
    ...(typeof body.description === 'string' && { description: body.description }),
    ...(typeof body.externalReference === 'string' && { externalReference: body.externalReference }),
    ...((status === 'ACTIVE' || status === 'INACTIVE') && { status }),
    ...(body.updatePendingPayments === true && { updatePendingPayments: true }),
  };
  updateSubscription(account, subscription, change);
  return presentSubscription(subscription);
}

/** DELETE /subscriptions/{id} */
export function deleteOneSubscription(account: AsaasAccount, req: Request) {
  const subscription = findSubscription(account, req);
  // What is gone already is not told of twice.
  if (!subscription.deleted) deleteSubscription(account, subscription);
  return { deleted: true, id: subscription.id };
}

/** GET /subscriptions/{id}/payments */
export function listPaymentsOf(account: AsaasAccount, req: Request) {
  const all = paymentsOf(account, findSubscription(account, req));
  return presentList(req, all, (payment) => answerPayment(payment, account.origin));
}
