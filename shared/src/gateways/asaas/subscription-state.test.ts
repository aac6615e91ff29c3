import { describe, expect, it } from 'vitest';
import type { OrderedPlan } from '../../db/queries/asaas-orders.ts';
import { asaasPayment, asaasSubscription } from './schemas.ts';
import { findNextDue, findPlanOfAmount, readSubscriptionState } from './subscription-state.ts';

const starter: OrderedPlan = {
  organizationId: 'o',
  checkoutId: 'c',
  orderedAt: new Date(0),
  planId: 'starter',
  planName: 'Starter',
  interval: 'month',
  amountCents: 4_900,
  monthlyCredits: 500,
  effectiveOn: null,
};
const professional: OrderedPlan = {
  ...starter,
  checkoutId: null,
  planId: 'professional',
  amountCents: 9_900,
  effectiveOn: '2027-03-10',
};
const subscription = (fields: Record<string, unknown> = {}) =>
  asaasSubscription.parse({
    id: 'sub_1',
    customer: 'cus_1',
    billingType: 'PIX',
    cycle: 'MONTHLY',
    value: '49.00',
    nextDueDate: '2027-04-10',
    status: 'ACTIVE',
    ...fields,
  });
const payment = (dueDate: string, status: string, fields: Record<string, unknown> = {}) =>
  asaasPayment.parse({
    id: `pay_${dueDate}`,
    customer: 'cus_1',
    billingType: 'PIX',
    value: '49.00',
    dueDate,
    status,
    ...fields,
  });
const read = (
  payments: ReturnType<typeof payment>[],
  {
    today = '2027-02-20',
    wasPaid = false,
    plans = [starter],
    ...fields
  }: Record<string, unknown> & {
    today?: string;
    wasPaid?: boolean;
    plans?: OrderedPlan[];
  } = {},
) => readSubscriptionState({ subscription: subscription(fields), payments }, plans, { today, wasPaid });

describe('a subscription', () => {
  it('is nothing before its first payment', () => {
    expect(read([payment('2027-02-10', 'PENDING')])).toBeNull();
    expect(read([payment('2027-02-10', 'OVERDUE')])).toBeNull();
    expect(read([])).toBeNull();
  });

  it('is active while the newest payment due is paid, in the period of that one', () => {
    const state = read([
      payment('2027-03-10', 'PENDING'),
      payment('2027-02-10', 'RECEIVED'),
      payment('2027-01-10', 'OVERDUE'),
    ]);
    expect(state).toMatchObject({
      status: 'active',
      periodStart: new Date('2027-02-10T03:00:00Z'),
      periodEnd: new Date('2027-03-10T03:00:00Z'),
      cancelAtPeriodEnd: false,
      nextPlanId: null,
    });
  });

  it('is overdue with a payment that came due later and was not paid', () => {
    const payments = [payment('2027-01-10', 'RECEIVED'), payment('2027-02-10', 'OVERDUE')];
    expect(read(payments)).toMatchObject({ status: 'past_due', periodEnd: new Date('2027-02-10T03:00:00Z') });
  });

  it('is overdue when its only payment was undone', () => {
    expect(read([payment('2027-02-10', 'PENDING')], { wasPaid: true })).toMatchObject({ status: 'past_due' });
  });

  it('that makes no more payments ends with what is paid for', () => {
    const payments = [payment('2027-02-10', 'RECEIVED')];
    expect(read(payments, { status: 'INACTIVE' })).toMatchObject({ status: 'active', cancelAtPeriodEnd: true });
    expect(read(payments, { status: 'EXPIRED' })).toMatchObject({ status: 'active', cancelAtPeriodEnd: true });
    expect(read(payments, { status: 'INACTIVE', today: '2027-03-10' })).toMatchObject({
      status: 'canceled',
      cancelAtPeriodEnd: false,
    });
  });

  it('that was removed is over', () => {
    expect(read([payment('2027-02-10', 'RECEIVED')], { deleted: true })).toMatchObject({ status: 'canceled' });
  });

  it('is not paid for by an amount that was never ordered', () => {
    expect(read([payment('2027-02-10', 'RECEIVED', { value: '1.00' })])).toBeNull();
  });

  it('shows the plan that the next amount is for', () => {
    const payments = [payment('2027-02-10', 'RECEIVED')];
    const plans = [starter, professional];
    expect(read(payments, { plans, value: '99.00' })).toMatchObject({
      nextPlanId: 'professional',
      plan: { planId: 'starter' },
    });
    expect(read(payments, { plans, value: '49.00' })).toMatchObject({ nextPlanId: null });
    expect(read(payments, { plans, value: '99.00', status: 'INACTIVE' })).toMatchObject({ nextPlanId: null });
  });
});

describe('the plan of an amount', () => {
  it('is the one ordered at that amount, the newest in force of two', () => {
    const cheaper: OrderedPlan = { ...professional, planId: 'cheaper', amountCents: 4_900 };
    const plans = [starter, cheaper];
    expect(findPlanOfAmount(plans, 4_900, '2027-03-09')?.planId).toBe('starter');
    expect(findPlanOfAmount(plans, 4_900, '2027-03-10')?.planId).toBe('cheaper');
    expect(findPlanOfAmount([starter, professional], 9_900, '2027-02-10')?.planId).toBe('professional');
    expect(findPlanOfAmount(plans, 4_901, '2027-03-10')).toBeNull();
  });
});

describe('the next due date', () => {
  it('is as Asaas counts it where months are shorter, and a month later where nothing is known', () => {
    const february = payment('2027-02-28', 'RECEIVED');
    const march = payment('2027-03-31', 'PENDING');
    expect(findNextDue(subscription(), [february, march], '2027-02-28', 'month')).toBe('2027-03-31');
    expect(findNextDue(subscription({ nextDueDate: '2027-03-31' }), [february], '2027-02-28', 'month')).toBe(
      '2027-03-31',
    );
    expect(findNextDue(subscription({ nextDueDate: null }), [february], '2027-02-28', 'month')).toBe('2027-03-28');
    expect(findNextDue(subscription({ nextDueDate: '2027-06-01' }), [february], '2027-02-28', 'year')).toBe(
      '2028-02-28',
    );
  });
});
