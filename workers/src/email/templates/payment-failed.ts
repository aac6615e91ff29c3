import * as z from 'zod';
import { button, text } from '../mail.ts';
import { template } from '../template.ts';

export const paymentFailed = template({
  name: 'payment_failed',
  category: 'essential',
  data: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('topup'), disabled: z.boolean() }),
    z.strictObject({
      kind: z.literal('subscription'),
      subscription_id: z.uuid(),
      plan: z.string().min(1),
      plan_kept_until: z.iso.datetime({ offset: true }),
    }),
  ]),
  examples: {
    subscription: {
      kind: 'subscription',
      subscription_id: '0199f0a1-7c1e-7000-8000-3a5b6c7d8e9f',
      plan: 'Professional',
      plan_kept_until: '2026-03-10T12:00:00+00:00',
    },
    'top-up': { kind: 'topup', disabled: false },
    'top-up, switched off': { kind: 'topup', disabled: true },
  },
  write: {
    'pt-BR': (data, t) => ({
      subject:
        data.kind === 'topup' ? 'A recarga automática não foi paga' : `Pagamento do plano ${data.plan} não aprovado`,
      preheader: 'Confira sua forma de pagamento.',
      heading: 'Pagamento não aprovado',
      blocks: [
        ...(data.kind === 'subscription'
          ? [
              text(
                `O pagamento da sua assinatura do plano ${data.plan} não foi aprovado. Isso acontece: cartão vencido, limite ou uma trava do banco.`,
              ),
              text(
                `Por enquanto nada muda: mantemos o seu plano até ${t.date(data.plan_kept_until)}. Atualize a forma de pagamento até lá para não perdê-lo.`,
              ),
            ]
          : [
              text('A recarga automática de créditos não foi aprovada pela sua forma de pagamento.'),
              text(
                data.disabled
                  ? 'Foi a terceira vez seguida, então desligamos a recarga automática. Depois de conferir a forma de pagamento, ligue-a de novo.'
                  : 'Vamos tentar de novo em um dia. Para não ficar sem créditos, confira a forma de pagamento.',
              ),
            ]),
        button('Atualizar forma de pagamento', t.page('/billing')),
      ],
    }),
    en: (data, t) => ({
      subject:
        data.kind === 'topup' ? 'Your automatic top-up was not paid' : `Payment for the ${data.plan} plan failed`,
      preheader: 'Please check your payment method.',
      heading: 'Payment failed',
      blocks: [
        ...(data.kind === 'subscription'
          ? [
              text(
                `The payment for your subscription to the ${data.plan} plan did not go through. It happens: an expired card, a limit, a block by the bank.`,
              ),
              text(
                `Nothing stops now: we keep your plan until ${t.date(data.plan_kept_until)}. Update your payment method by then so that you do not lose it.`,
              ),
            ]
          : [
              text('Your payment method did not approve the automatic top-up of credits.'),
              text(
                data.disabled
                  ? 'It was the third time in a row, so we have switched automatic top-up off. Once you have checked your payment method, switch it on again.'
                  : 'We will try again in a day. So that you do not run out of credits, please check your payment method.',
              ),
            ]),
        button('Update payment method', t.page('/billing')),
      ],
    }),
    es: (data, t) => ({
      subject:
        data.kind === 'topup' ? 'La recarga automática no se pagó' : `El pago del plan ${data.plan} no fue aprobado`,
      preheader: 'Revisa tu forma de pago.',
      heading: 'Pago no aprobado',
      blocks: [
        ...(data.kind === 'subscription'
          ? [
              text(
                `El pago de tu suscripción del plan ${data.plan} no fue aprobado. Pasa: una tarjeta vencida, un límite o un bloqueo del banco.`,
              ),
              text(
                `Nada se detiene ahora: mantenemos tu plan hasta el ${t.date(data.plan_kept_until)}. Actualiza la forma de pago antes de esa fecha para no perderlo.`,
              ),
            ]
          : [
              text('Tu forma de pago no aprobó la recarga automática de créditos.'),
              text(
                data.disabled
                  ? 'Fue la tercera vez seguida, así que desactivamos la recarga automática. Después de revisar la forma de pago, actívala de nuevo.'
                  : 'Lo intentaremos de nuevo en un día. Para no quedarte sin créditos, revisa la forma de pago.',
              ),
            ]),
        button('Actualizar forma de pago', t.page('/billing')),
      ],
    }),
  },
});
