import type { PaymentFact } from './facts.ts';
import { textAt } from './read-json.ts';
import { control, type Stage } from './stage.ts';
import type { Subscriber } from './subscriber.ts';

// Money that goes back, as merchants, payers and banks do it at the gateways, without asking BASE.

const dayMs = 86_400_000;
/** Payments at Asaas can be given back for about as long, and older ones are not looked through again. */
const asaasDaysMax = 90;

export const moneyActs = [
  { chance: 0.006, isPossible: hasPaid, act: refund },
  { chance: 0.003, isPossible: hasPaid, act: dispute },
  { chance: 0.5, isPossible: ({ refunds }: Subscriber) => refunds.length > 0, act: failRefunds },
  { chance: 0.5, isPossible: ({ openDisputes }: Subscriber) => openDisputes.length > 0, act: closeDisputes },
];

function hasPaid({ books }: Subscriber): boolean {
  return books.payments.size > 0;
}

function pickPayment({ random, world }: Stage, { books }: Subscriber): PaymentFact | null {
  const since = world.clock.nowMs() - asaasDaysMax * dayMs;
  const paid = [...books.payments.values()]
    .map(({ fact }) => fact)
    .filter(({ refundable, gateway, paidAt }) => refundable !== '' && (gateway === 'stripe' || paidAt > since))
    .sort((a, b) => a.paidAt - b.paidAt || a.cents - b.cents);
  return paid.length === 0 ? null : random.pick(paid);
}

async function refund(stage: Stage, subscriber: Subscriber): Promise<void> {
  const payment = pickPayment(stage, subscriber);
  if (payment === null) return;
  const { random, world } = stage;
  // At Asaas the smallest amounts are refused.
  const part = random.isOneIn(0.5) ? null : Math.floor(payment.cents * random.between(0.05, 0.9));
  const isStripe = payment.gateway === 'stripe';
  const done = isStripe
    ? await control(
        stage,
        'POST',
        `stripe/payment_intents/${payment.refundable}/refund`,
        part === null ? {} : { amount: part },
      )
    : await control(stage, 'POST', `asaas/payments/${payment.id}/refund`, part === null ? {} : { value: part / 100 });
  if (done === null) {
    stage.count('refund impossible');
    return;
  }
  stage.count(part === null ? 'full refund' : 'partial refund');
  if (isStripe && random.isOneIn(0.25)) {
    const failsAt = world.clock.nowMs() + random.between(1, 10) * dayMs;
    subscriber.refunds.push({ id: textAt(done, 'id'), failsAt });
  }
}

async function failRefunds(stage: Stage, subscriber: Subscriber): Promise<void> {
  const nowMs = stage.world.clock.nowMs();
  for (const { id } of subscriber.refunds.filter(({ failsAt }) => failsAt <= nowMs)) {
    const done = await control(stage, 'POST', `stripe/refunds/${id}/fail`, {});
    if (done !== null) stage.count('refund failed');
  }
  subscriber.refunds = subscriber.refunds.filter(({ failsAt }) => failsAt > nowMs);
}

async function dispute(stage: Stage, subscriber: Subscriber): Promise<void> {
  const payment = pickPayment(stage, subscriber);
  if (payment === null) return;
  const { random, world } = stage;
  const isStripe = payment.gateway === 'stripe';
  const done = isStripe
    ? await control(stage, 'POST', `stripe/payment_intents/${payment.refundable}/dispute`, {
        inquiry: random.isOneIn(0.2),
      })
    : await control(stage, 'POST', `asaas/payments/${payment.id}/chargeback`, {});
  if (done === null) {
    stage.count('dispute impossible');
    return;
  }
  stage.count('dispute');
  const closesAt = world.clock.nowMs() + random.between(2, 25) * dayMs;
  const id = isStripe ? textAt(done, 'id') : payment.id;
  subscriber.openDisputes.push({ gateway: payment.gateway, id, closesAt });
}

async function closeDisputes(stage: Stage, subscriber: Subscriber): Promise<void> {
  const nowMs = stage.world.clock.nowMs();
  for (const { gateway, id } of subscriber.openDisputes.filter(({ closesAt }) => closesAt <= nowMs)) {
    const isWon = stage.random.isOneIn(0.5);
    stage.count(isWon ? 'dispute won' : 'dispute lost');
    if (gateway === 'stripe') {
      await control(stage, 'POST', `stripe/disputes/${id}/close`, { outcome: isWon ? 'won' : 'lost' });
    } else if (isWon) await control(stage, 'POST', `asaas/payments/${id}/chargeback/reverse`, {});
  }
  subscriber.openDisputes = subscriber.openDisputes.filter(({ closesAt }) => closesAt > nowMs);
}
