import * as z from 'zod';
import { button, figures, text } from '../mail.ts';
import type { Reader } from '../reader.ts';
import { template } from '../template.ts';

const data = z.strictObject({
  kind: z.enum(['api_key', 'project']),
  name: z.string().min(1),
  percent: z.union([z.literal(50), z.literal(80), z.literal(100)]),
  used: z.int(),
  budget: z.int().positive(),
});

function pageOf(kind: 'api_key' | 'project', t: Reader): string {
  return t.page(kind === 'api_key' ? '/settings/api-keys' : '/projects');
}

export const budgetReached = template({
  name: 'budget_reached',
  category: 'notice',
  data,
  examples: {
    'a key, half': { kind: 'api_key', name: 'Production', percent: 50, used: 5020, budget: 10_000 },
    'a key, all': { kind: 'api_key', name: 'Production', percent: 100, used: 10_000, budget: 10_000 },
    'a project, all': { kind: 'project', name: 'Campanha de verão', percent: 100, used: 3000, budget: 3000 },
  },
  write: {
    'pt-BR': ({ kind, name, percent, used, budget }, t) => ({
      subject: `${kind === 'api_key' ? 'Chave' : 'Projeto'} ${t.short(name)}: ${t.percent(percent)} do orçamento usados`,
      preheader: `${t.number(used)} de ${t.credits(budget)} neste mês.`,
      heading: `${t.percent(percent)} do orçamento do mês usados`,
      blocks: [
        text(
          kind === 'api_key'
            ? `A chave de API “${name}” chegou a ${t.percent(percent)} do seu orçamento mensal.`
            : `O projeto “${name}” chegou a ${t.percent(percent)} do seu orçamento mensal.`,
        ),
        figures(['Usados neste mês', t.credits(used)], ['Orçamento mensal', t.credits(budget)]),
        ...(percent === 100
          ? [
              text(
                kind === 'api_key'
                  ? 'Novos pedidos desta chave são recusados até o mês virar ou até você aumentar o orçamento.'
                  : 'É só um aviso: os pedidos do projeto continuam funcionando.',
              ),
            ]
          : []),
        button('Ver orçamento', pageOf(kind, t)),
      ],
    }),
    en: ({ kind, name, percent, used, budget }, t) => ({
      subject: `${kind === 'api_key' ? 'Key' : 'Project'} ${t.short(name)}: ${t.percent(percent)} of its budget used`,
      preheader: `${t.number(used)} of ${t.credits(budget)} this month.`,
      heading: `${t.percent(percent)} of the month’s budget used`,
      blocks: [
        text(
          kind === 'api_key'
            ? `The API key “${name}” has reached ${t.percent(percent)} of its monthly budget.`
            : `The project “${name}” has reached ${t.percent(percent)} of its monthly budget.`,
        ),
        figures(['Used this month', t.credits(used)], ['Monthly budget', t.credits(budget)]),
        ...(percent === 100
          ? [
              text(
                kind === 'api_key'
                  ? 'New orders of this key are refused until the month turns or you raise the budget.'
                  : 'This is just to let you know: the project’s orders go on as usual.',
              ),
            ]
          : []),
        button('See budget', pageOf(kind, t)),
      ],
    }),
    es: ({ kind, name, percent, used, budget }, t) => ({
      subject: `${kind === 'api_key' ? 'Clave' : 'Proyecto'} ${t.short(name)}: ${t.percent(percent)} del presupuesto usado`,
      preheader: `${t.number(used)} de ${t.credits(budget)} este mes.`,
      heading: `${t.percent(percent)} del presupuesto del mes usado`,
      blocks: [
        text(
          kind === 'api_key'
            ? `La clave de API “${name}” llegó al ${t.percent(percent)} de su presupuesto mensual.`
            : `El proyecto “${name}” llegó al ${t.percent(percent)} de su presupuesto mensual.`,
        ),
        figures(['Usados este mes', t.credits(used)], ['Presupuesto mensual', t.credits(budget)]),
        ...(percent === 100
          ? [
              text(
                kind === 'api_key'
                  ? 'Los nuevos pedidos de esta clave se rechazan hasta que cambie el mes o aumentes el presupuesto.'
                  : 'Es solo un aviso: los pedidos del proyecto siguen funcionando.',
              ),
            ]
          : []),
        button('Ver presupuesto', pageOf(kind, t)),
      ],
    }),
  },
});
