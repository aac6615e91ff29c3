import { describe, expect, it } from 'vitest';
import { readPaymentState } from './payment-state.ts';
import { asaasPayment } from './schemas.ts';

const payment = (fields: Record<string, unknown>) =>
  asaasPayment.parse({ id: 'pay_1', customer: 'cus_1', billingType: 'PIX', value: '100.00', ...fields });
const refund = (value: string, status = 'DONE') => ({ status, value });

describe('the money of a payment', () => {
  it.each([
    ['CONFIRMED', true, false, 10_000, 'paid'],
    ['RECEIVED', true, false, 10_000, 'paid'],
    ['RECEIVED_IN_CASH', true, false, 10_000, 'paid'],
    ['DUNNING_RECEIVED', true, false, 10_000, 'paid'],
    ['REFUNDED', true, false, 0, 'refunded'],
    ['REFUND_REQUESTED', true, false, 0, 'refunded'],
    ['REFUND_IN_PROGRESS', true, false, 0, 'refunded'],
    ['CHARGEBACK_REQUESTED', true, false, 0, 'paid'],
    ['CHARGEBACK_DISPUTE', true, false, 0, 'paid'],
    ['AWAITING_CHARGEBACK_REVERSAL', true, false, 0, 'paid'],
    ['PENDING', false, true, 0, 'open'],
    ['OVERDUE', false, true, 0, 'open'],
    ['DUNNING_REQUESTED', false, true, 0, 'open'],
    ['AWAITING_RISK_ANALYSIS', false, true, 0, 'open'],
    ['SOMETHING_NEW', false, false, 0, 'open'],
  ])('%s: came %s, is missing %s, %i cents are left', (status, isPaid, isUnpaid, keptCents, invoiceStatus) => {
    expect(readPaymentState(payment({ status }))).toMatchObject({ isPaid, isUnpaid, keptCents, invoiceStatus });
  });

  it('is less by what was given back or will be, and not by a refund that came to nothing', () => {
    const refunds = [refund('10.50'), refund('20.00', 'PENDING'), refund('5.00', 'CANCELLED')];
    expect(readPaymentState(payment({ status: 'RECEIVED', refunds }))).toMatchObject({
      refundedCents: 3_050,
      keptCents: 6_950,
      invoiceStatus: 'paid',
    });
  });

  it('is never less than nothing', () => {
    const refunds = [refund('80.00'), refund('80.00')];
    expect(readPaymentState(payment({ status: 'RECEIVED', refunds }))).toMatchObject({
      refundedCents: 10_000,
      keptCents: 0,
      invoiceStatus: 'refunded',
    });
  });

  it('of a payment that was deleted is missing', () => {
    expect(readPaymentState(payment({ status: 'PENDING', deleted: true }))).toMatchObject({
      isUnpaid: true,
      isOverdue: false,
      invoiceStatus: 'void',
    });
  });
});
