import * as z from 'zod';
import { button, figures, text } from '../mail.ts';
import { template } from '../template.ts';
import { price, writePrice } from './price.ts';

export const trialEnding = template({
  name: 'trial_ending',
  category: 'essential',
  data: z.strictObject({
    plan: z.string().min(1),
    subscription_id: z.uuid(),
    ...price,
    ends_at: z.iso.datetime({ offset: true }),
  }),
  examples: {
    usual: {
      plan: 'Business',
      subscription_id: '0199f0a1-7c1e-7000-8000-3a5b6c7d8e9f',
      interval: 'month',
      price_cents: 24_900,
      ends_at: '2026-03-17T12:00:00+00:00',
    },
  },
  write: {
    'pt-BR': ({ plan, interval, price_cents, ends_at }, t) => ({
      subject: `Seu teste do plano ${plan} termina em ${t.date(ends_at)}`,
      preheader: 'Veja o que acontece depois.',
      heading: 'Seu teste está terminando',
      blocks: [
        text(
          `O teste gratuito do plano ${plan} termina em ${t.date(ends_at)}. Para continuar, você não precisa fazer nada: a assinatura segue com a forma de pagamento cadastrada.`,
        ),
        figures(
          ['Plano', plan],
          ['Valor depois do teste', writePrice(t, { interval, price_cents })],
          ['Primeira cobrança', t.date(ends_at)],
        ),
        text('Se preferir não continuar, cancele antes dessa data e nada será cobrado.'),
        button('Ver assinatura', t.page('/billing')),
      ],
    }),
    en: ({ plan, interval, price_cents, ends_at }, t) => ({
      subject: `Your trial of the ${plan} plan ends on ${t.date(ends_at)}`,
      preheader: 'This is what happens next.',
      heading: 'Your trial is coming to an end',
      blocks: [
        text(
          `Your free trial of the ${plan} plan ends on ${t.date(ends_at)}. To keep it, there is nothing to do: the subscription goes on with the payment method on file.`,
        ),
        figures(
          ['Plan', plan],
          ['Price after the trial', writePrice(t, { interval, price_cents })],
          ['First payment', t.date(ends_at)],
        ),
        text('If you would rather not go on, cancel before that day and you will not be charged.'),
        button('See subscription', t.page('/billing')),
      ],
    }),
    es: ({ plan, interval, price_cents, ends_at }, t) => ({
      subject: `Tu prueba del plan ${plan} termina el ${t.date(ends_at)}`,
      preheader: 'Mira qué pasa después.',
      heading: 'Tu prueba está por terminar',
      blocks: [
        text(
          `La prueba gratuita del plan ${plan} termina el ${t.date(ends_at)}. Para continuar no tienes que hacer nada: la suscripción sigue con la forma de pago registrada.`,
        ),
        figures(
          ['Plan', plan],
          ['Precio después de la prueba', writePrice(t, { interval, price_cents })],
          ['Primer cobro', t.date(ends_at)],
        ),
        text('Si prefieres no continuar, cancela antes de esa fecha y no se cobrará nada.'),
        button('Ver suscripción', t.page('/billing')),
      ],
    }),
  },
});
