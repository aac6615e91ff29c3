import * as z from 'zod';
import { button, figures, text } from '../mail.ts';
import { template } from '../template.ts';

export const lowBalance = template({
  name: 'low_balance',
  category: 'notice',
  data: z.strictObject({ available: z.int().min(0), threshold: z.int().min(0) }),
  examples: {
    low: { available: 1180, threshold: 2000 },
    one: { available: 1, threshold: 50 },
    gone: { available: 0, threshold: 200 },
  },
  write: {
    'pt-BR': ({ available, threshold }, t) => ({
      subject: available === 0 ? 'Seus créditos acabaram' : `Seu saldo está baixo: ${t.credits(available)}`,
      preheader: 'Recarregue para que nenhum pedido fique parado.',
      heading: available === 0 ? 'Seus créditos acabaram' : 'Seu saldo de créditos está baixo',
      blocks: [
        text(
          'Para que os pedidos da sua equipe não parem, compre um pacote de créditos ou ative a recarga automática: ela cuida disso por você, dentro do limite que você definir.',
        ),
        figures(['Disponíveis', t.credits(available)], ['Avisamos abaixo de', t.credits(threshold)]),
        button('Recarregar créditos', t.page('/billing/credits')),
      ],
    }),
    en: ({ available, threshold }, t) => ({
      subject: available === 0 ? 'Your credits are used up' : `Your balance is low: ${t.credits(available)}`,
      preheader: 'Top up so that no order has to wait.',
      heading: available === 0 ? 'Your credits are used up' : 'Your credit balance is low',
      blocks: [
        text(
          'So that your team’s orders do not come to a halt, buy a credit pack or switch on automatic top-up: it takes care of this for you, within the limit you set.',
        ),
        figures(['Available', t.credits(available)], ['We tell you below', t.credits(threshold)]),
        button('Top up credits', t.page('/billing/credits')),
      ],
    }),
    es: ({ available, threshold }, t) => ({
      subject: available === 0 ? 'Se acabaron tus créditos' : `Tu saldo está bajo: ${t.credits(available)}`,
      preheader: 'Recarga para que ningún pedido se detenga.',
      heading: available === 0 ? 'Se acabaron tus créditos' : 'Tu saldo de créditos está bajo',
      blocks: [
        text(
          'Para que los pedidos de tu equipo no se detengan, compra un paquete de créditos o activa la recarga automática: se encarga de esto por ti, dentro del límite que definas.',
        ),
        figures(['Disponibles', t.credits(available)], ['Avisamos por debajo de', t.credits(threshold)]),
        button('Recargar créditos', t.page('/billing/credits')),
      ],
    }),
  },
});
