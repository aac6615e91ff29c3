import * as z from 'zod';
import { button, figures, text } from '../mail.ts';
import { template } from '../template.ts';
import { price, writePrice } from './price.ts';

const moment = z.iso.datetime({ offset: true });

export const subscriptionConfirmed = template({
  name: 'subscription_confirmed',
  category: 'essential',
  data: z.strictObject({ plan: z.string().min(1), ...price, renews_at: moment, trial_ends_at: moment.nullable() }),
  examples: {
    monthly: {
      plan: 'Professional',
      interval: 'month',
      price_cents: 9900,
      renews_at: '2026-04-03T12:00:00+00:00',
      trial_ends_at: null,
    },
    yearly: {
      plan: 'Business',
      interval: 'year',
      price_cents: 239_000,
      renews_at: '2027-03-03T12:00:00+00:00',
      trial_ends_at: null,
    },
    trial: {
      plan: 'Business',
      interval: 'month',
      price_cents: 24_900,
      renews_at: '2026-03-17T12:00:00+00:00',
      trial_ends_at: '2026-03-17T12:00:00+00:00',
    },
    contract: {
      plan: 'Enterprise',
      interval: 'month',
      price_cents: null,
      renews_at: '2026-04-03T12:00:00+00:00',
      trial_ends_at: null,
    },
  },
  write: {
    'pt-BR': ({ plan, interval, price_cents, renews_at, trial_ends_at }, t) => ({
      subject: trial_ends_at === null ? `Assinatura confirmada: plano ${plan}` : `Seu teste do plano ${plan} começou`,
      preheader:
        trial_ends_at === null ? `Próxima renovação em ${t.date(renews_at)}.` : `Grátis até ${t.date(trial_ends_at)}.`,
      heading: trial_ends_at === null ? `O plano ${plan} está ativo` : `Seu teste do plano ${plan} começou`,
      blocks: [
        text(
          trial_ends_at === null
            ? 'Obrigado! Sua assinatura está confirmada e tudo o que o plano oferece já está liberado para a sua equipe.'
            : `Tudo o que o plano oferece já está liberado. Você não paga nada até ${t.date(trial_ends_at)}; avisamos antes de o teste acabar.`,
        ),
        figures(
          ['Plano', plan],
          ['Valor', writePrice(t, { interval, price_cents })],
          [trial_ends_at === null ? 'Próxima renovação' : 'Primeira cobrança', t.date(renews_at)],
        ),
        button('Ver assinatura', t.page('/billing')),
      ],
    }),
    en: ({ plan, interval, price_cents, renews_at, trial_ends_at }, t) => ({
      subject:
        trial_ends_at === null ? `Subscription confirmed: ${plan} plan` : `Your trial of the ${plan} plan has begun`,
      preheader: trial_ends_at === null ? `Renews on ${t.date(renews_at)}.` : `Free until ${t.date(trial_ends_at)}.`,
      heading: trial_ends_at === null ? `The ${plan} plan is active` : `Your trial of the ${plan} plan has begun`,
      blocks: [
        text(
          trial_ends_at === null
            ? 'Thank you! Your subscription is confirmed, and everything in the plan is open to your team from now on.'
            : `Everything in the plan is open to you now. You pay nothing until ${t.date(trial_ends_at)}; we will remind you before the trial ends.`,
        ),
        figures(
          ['Plan', plan],
          ['Price', writePrice(t, { interval, price_cents })],
          [trial_ends_at === null ? 'Renews on' : 'First payment', t.date(renews_at)],
        ),
        button('See subscription', t.page('/billing')),
      ],
    }),
    es: ({ plan, interval, price_cents, renews_at, trial_ends_at }, t) => ({
      subject: trial_ends_at === null ? `Suscripción confirmada: plan ${plan}` : `Comenzó tu prueba del plan ${plan}`,
      preheader:
        trial_ends_at === null ? `Se renueva el ${t.date(renews_at)}.` : `Gratis hasta el ${t.date(trial_ends_at)}.`,
      heading: trial_ends_at === null ? `El plan ${plan} está activo` : `Comenzó tu prueba del plan ${plan}`,
      blocks: [
        text(
          trial_ends_at === null
            ? '¡Gracias! Tu suscripción está confirmada y tu equipo ya puede usar todo lo que ofrece el plan.'
            : `Ya puedes usar todo lo que ofrece el plan. No pagas nada hasta el ${t.date(trial_ends_at)}; te avisamos antes de que termine la prueba.`,
        ),
        figures(
          ['Plan', plan],
          ['Precio', writePrice(t, { interval, price_cents })],
          [trial_ends_at === null ? 'Próxima renovación' : 'Primer cobro', t.date(renews_at)],
        ),
        button('Ver suscripción', t.page('/billing')),
      ],
    }),
  },
});
