import * as z from 'zod';
import { button, figures, text } from '../mail.ts';
import { template } from '../template.ts';

export const upgradeSuggestion = template({
  name: 'upgrade_suggestion',
  category: 'notice',
  data: z.strictObject({
    current_plan_id: z.string(),
    plan: z.string().min(1),
    credits: z.int(),
    price_cents: z.int().positive(),
  }),
  examples: { usual: { current_plan_id: 'starter', plan: 'Professional', credits: 2000, price_cents: 9900 } },
  write: {
    'pt-BR': ({ plan, credits, price_cents }, t) => ({
      subject: `Mais espaço para criar: conheça o plano ${plan}`,
      preheader: `${t.credits(credits)} por mês por ${t.money(price_cents)}.`,
      heading: 'Seu plano ficou pequeno?',
      blocks: [
        text(
          `Os créditos do período acabaram antes do fim. Se isso acontece com frequência, o plano ${plan} pode sair mais em conta do que comprar pacotes.`,
        ),
        figures(['Plano', plan], ['Créditos por mês', t.number(credits)], ['Por mês', t.money(price_cents)]),
        text('A troca leva um minuto, e seus arquivos e projetos continuam onde estão.'),
        button('Comparar planos', t.page('/billing/plans')),
      ],
    }),
    en: ({ plan, credits, price_cents }, t) => ({
      subject: `More room to create: have a look at the ${plan} plan`,
      preheader: `${t.credits(credits)} a month for ${t.money(price_cents)}.`,
      heading: 'Has your plan become too small?',
      blocks: [
        text(
          `The period’s credits were used up before its end. If that happens often, the ${plan} plan may well cost you less than buying packs.`,
        ),
        figures(['Plan', plan], ['Credits a month', t.number(credits)], ['Per month', t.money(price_cents)]),
        text('Changing takes a minute, and your files and projects stay where they are.'),
        button('Compare plans', t.page('/billing/plans')),
      ],
    }),
    es: ({ plan, credits, price_cents }, t) => ({
      subject: `Más espacio para crear: conoce el plan ${plan}`,
      preheader: `${t.credits(credits)} al mes por ${t.money(price_cents)}.`,
      heading: '¿Tu plan se quedó pequeño?',
      blocks: [
        text(
          `Los créditos del período se acabaron antes de tiempo. Si te pasa seguido, el plan ${plan} puede salirte más a cuenta que comprar paquetes.`,
        ),
        figures(['Plan', plan], ['Créditos al mes', t.number(credits)], ['Al mes', t.money(price_cents)]),
        text('El cambio lleva un minuto, y tus archivos y proyectos se quedan donde están.'),
        button('Comparar planes', t.page('/billing/plans')),
      ],
    }),
  },
});
