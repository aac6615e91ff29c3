import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAsaasJson } from './amount.ts';
import { asaasEvent } from './schemas.ts';

const folder = path.resolve(import.meta.dirname, '../../../../../shared/vectors/asaas');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /_(PAYMENT|SUBSCRIPTION)_/.test(name)) : [];
if (files.length === 0) process.stderr.write(`skipped: ${folder} is not there, so no sample events are read\n`);

describe.skipIf(files.length === 0)('sample events are read', () => {
  it.each(files)('%s', (file) => {
    const event = asaasEvent.parse(parseAsaasJson(readFileSync(path.join(folder, file), 'utf8')));
    const subject = event.payment ?? event.subscription;
    expect(subject?.valueCents).toBe(file.startsWith('npm_') ? 10_000 : 4_990);
    if (event.subscription) expect(event.subscription.nextDueDate).toBe('2026-11-05');
    expect(event.id).toMatch(/^evt_.+&\d+$/);
  });
});

const bare = { id: 'pay_1', customer: 'cus_1', billingType: 'PIX', status: 'A_NEW_STATUS', value: '10.00' };

it('reads an event with nothing but what is needed, a status never seen among it', () => {
  const { payment } = asaasEvent.parse({ id: 'evt_1&1', event: 'PAYMENT_SOMETHING', payment: bare });
  expect(payment).toMatchObject({ status: 'A_NEW_STATUS', valueCents: 1_000, refunds: [], chargeback: null });
});

it('reads events about other things', () => {
  expect(asaasEvent.parse({ id: 'evt_1&1', event: 'TRANSFER_DONE', transfer: {} })).toMatchObject({ id: 'evt_1&1' });
});

it('turns the dates of subscription events round, and leaves those of answers', () => {
  const dates = (nextDueDate: unknown) => {
    const subscription = { ...bare, cycle: 'MONTHLY', nextDueDate };
    return asaasEvent.parse({ id: 'e', event: 'SUBSCRIPTION_UPDATED', subscription }).subscription?.nextDueDate;
  };
  expect([dates('05/11/2026'), dates('2026-11-05'), dates(null)]).toEqual(['2026-11-05', '2026-11-05', null]);
});

it('reads each part that was given back', () => {
  const refunds = [
    { dateCreated: '2026-11-03 09:00:00', status: 'DONE', value: '0.10' },
    { status: 'PENDING', value: '0.2' },
  ];
  const { payment } = asaasEvent.parse({ id: 'e', event: 'PAYMENT_PARTIALLY_REFUNDED', payment: { ...bare, refunds } });
  expect(payment?.refunds.map(({ valueCents, status }) => `${valueCents} ${status}`)).toEqual([
    '10 DONE',
    '20 PENDING',
  ]);
});
