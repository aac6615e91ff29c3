import * as z from 'zod';
import { button, text } from '../mail.ts';
import { template } from '../template.ts';

export const subscriptionCanceled = template({
  name: 'subscription_canceled',
  category: 'essential',
  data: z.strictObject({
    plan: z.string().min(1),
    reason: z.enum(['requested', 'unpaid']),
    ends_at: z.iso.datetime({ offset: true }),
  }),
  examples: {
    requested: { plan: 'Professional', reason: 'requested', ends_at: '2026-04-03T12:00:00+00:00' },
    unpaid: { plan: 'Professional', reason: 'unpaid', ends_at: '2026-03-10T12:00:00+00:00' },
  },
  write: {
    'pt-BR': ({ plan, reason, ends_at }, t) => ({
      subject: `Assinatura do plano ${plan} cancelada`,
      preheader:
        reason === 'requested' ? `O plano vale até ${t.date(ends_at)}.` : 'A organização está no plano gratuito.',
      heading: 'Assinatura cancelada',
      blocks: [
        text(
          reason === 'requested'
            ? `O cancelamento da assinatura do plano ${plan} está confirmado. O plano vale até ${t.date(ends_at)}, e não haverá novas cobranças.`
            : `Não conseguimos receber o pagamento do plano ${plan}, e o prazo para regularizar terminou em ${t.date(ends_at)}. A organização passou para o plano gratuito.`,
        ),
        text(
          'Seus arquivos e projetos continuam com você, e os créditos que você comprou à parte não expiram com o plano.',
        ),
        button(reason === 'requested' ? 'Reativar assinatura' : 'Escolher um plano', t.page('/billing/plans')),
      ],
    }),
    en: ({ plan, reason, ends_at }, t) => ({
      subject: `Your ${plan} subscription is canceled`,
      preheader:
        reason === 'requested' ? `The plan runs until ${t.date(ends_at)}.` : 'Your organization is on the free plan.',
      heading: 'Subscription canceled',
      blocks: [
        text(
          reason === 'requested'
            ? `Your subscription to the ${plan} plan is canceled. The plan runs until ${t.date(ends_at)}, and you will not be charged again.`
            : `We could not collect the payment for the ${plan} plan, and the time to settle it ended on ${t.date(ends_at)}. Your organization is on the free plan now.`,
        ),
        text('Your files and projects stay yours, and credits that you bought apart from the plan do not end with it.'),
        button(reason === 'requested' ? 'Take it up again' : 'Choose a plan', t.page('/billing/plans')),
      ],
    }),
    es: ({ plan, reason, ends_at }, t) => ({
      subject: `Suscripción del plan ${plan} cancelada`,
      preheader:
        reason === 'requested'
          ? `El plan vale hasta el ${t.date(ends_at)}.`
          : 'La organización está en el plan gratuito.',
      heading: 'Suscripción cancelada',
      blocks: [
        text(
          reason === 'requested'
            ? `La cancelación de la suscripción del plan ${plan} está confirmada. El plan vale hasta el ${t.date(ends_at)}, y no habrá nuevos cobros.`
            : `No pudimos cobrar el plan ${plan}, y el plazo para regularizarlo terminó el ${t.date(ends_at)}. La organización pasó al plan gratuito.`,
        ),
        text(
          'Tus archivos y proyectos siguen siendo tuyos, y los créditos que compraste aparte no vencen con el plan.',
        ),
        button(reason === 'requested' ? 'Reactivar suscripción' : 'Elegir un plan', t.page('/billing/plans')),
      ],
    }),
  },
});
