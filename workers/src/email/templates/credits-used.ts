import * as z from 'zod';
import { button, figures, text } from '../mail.ts';
import { template } from '../template.ts';

const data = z.strictObject({ used: z.int(), budget: z.int().positive(), plan: z.string() });

/** Half of a period's credits, or four fifths of them. */
function creditsUsed(share: 50 | 80) {
  const example = { used: share * 20 + 12, budget: 2000, plan: 'professional' };
  return template({
    name: `credits_used_${share}`,
    category: 'notice',
    data,
    examples: { usual: example },
    write: {
      'pt-BR': ({ used, budget }, t) => ({
        subject: `Você já usou ${t.percent(share)} dos créditos do período`,
        preheader: `${t.number(used)} de ${t.credits(budget)} usados em ${t.short(t.organization)}.`,
        heading: `${t.percent(share)} dos créditos do período usados`,
        blocks: [
          text(
            share === 50
              ? 'Metade dos créditos do seu plano neste período já foi usada. Está tudo funcionando; este é só um aviso para você se planejar.'
              : 'Os créditos do seu plano neste período estão chegando ao fim. Quando acabarem, novos pedidos precisam de créditos avulsos ou de um plano maior.',
          ),
          figures(['Usados', t.credits(used)], ['Do plano, por período', t.credits(budget)]),
          button('Ver meus créditos', t.page('/billing/credits')),
        ],
      }),
      en: ({ used, budget }, t) => ({
        subject: `You have used ${t.percent(share)} of this period’s credits`,
        preheader: `${t.number(used)} of ${t.credits(budget)} used in ${t.short(t.organization)}.`,
        heading: `${t.percent(share)} of this period’s credits used`,
        blocks: [
          text(
            share === 50
              ? 'Half of your plan’s credits for this period have been used. Everything works as usual; this is just so that you can plan ahead.'
              : 'Your plan’s credits for this period are coming to an end. Once they are gone, new orders need a credit pack or a bigger plan.',
          ),
          figures(['Used', t.credits(used)], ['Of the plan, per period', t.credits(budget)]),
          button('See my credits', t.page('/billing/credits')),
        ],
      }),
      es: ({ used, budget }, t) => ({
        subject: `Ya usaste el ${t.percent(share)} de los créditos del período`,
        preheader: `${t.number(used)} de ${t.credits(budget)} usados en ${t.short(t.organization)}.`,
        heading: `${t.percent(share)} de los créditos del período usados`,
        blocks: [
          text(
            share === 50
              ? 'Ya se usó la mitad de los créditos de tu plan en este período. Todo funciona como siempre; es solo un aviso para que te organices.'
              : 'Los créditos de tu plan en este período se están acabando. Cuando se terminen, los nuevos pedidos necesitan un paquete de créditos o un plan mayor.',
          ),
          figures(['Usados', t.credits(used)], ['Del plan, por período', t.credits(budget)]),
          button('Ver mis créditos', t.page('/billing/credits')),
        ],
      }),
    },
  });
}

export const creditsUsed50 = creditsUsed(50);
export const creditsUsed80 = creditsUsed(80);

export const creditsUsed100 = template({
  name: 'credits_used_100',
  category: 'notice',
  data,
  examples: { usual: { used: 2004, budget: 2000, plan: 'professional' } },
  write: {
    'pt-BR': ({ used, budget }, t) => ({
      subject: 'Os créditos do período acabaram',
      preheader: 'Compre créditos avulsos para continuar agora mesmo.',
      heading: 'Os créditos do período acabaram',
      blocks: [
        text(
          'Todos os créditos do seu plano neste período foram usados. Se ainda houver créditos avulsos na conta, os pedidos continuam com eles; senão, novos pedidos esperam até o próximo período.',
        ),
        figures(['Usados', t.credits(used)], ['Do plano, por período', t.credits(budget)]),
        text('Para continuar sem pausa, compre um pacote de créditos: ele vale na hora.'),
        button('Comprar créditos', t.page('/billing/credits')),
      ],
    }),
    en: ({ used, budget }, t) => ({
      subject: 'This period’s credits are used up',
      preheader: 'Buy a credit pack to go on right away.',
      heading: 'This period’s credits are used up',
      blocks: [
        text(
          'All of your plan’s credits for this period have been used. If there are bought credits left in the account, orders go on with those; if not, new orders have to wait for the next period.',
        ),
        figures(['Used', t.credits(used)], ['Of the plan, per period', t.credits(budget)]),
        text('To go on without a pause, buy a credit pack: it can be used at once.'),
        button('Buy credits', t.page('/billing/credits')),
      ],
    }),
    es: ({ used, budget }, t) => ({
      subject: 'Se acabaron los créditos del período',
      preheader: 'Compra un paquete de créditos para seguir ahora mismo.',
      heading: 'Se acabaron los créditos del período',
      blocks: [
        text(
          'Se usaron todos los créditos de tu plan en este período. Si quedan créditos comprados en la cuenta, los pedidos siguen con ellos; si no, los nuevos pedidos esperan al próximo período.',
        ),
        figures(['Usados', t.credits(used)], ['Del plan, por período', t.credits(budget)]),
        text('Para seguir sin pausa, compra un paquete de créditos: se puede usar al instante.'),
        button('Comprar créditos', t.page('/billing/credits')),
      ],
    }),
  },
});
