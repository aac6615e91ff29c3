import * as z from 'zod';
import { button, figures, text } from '../mail.ts';
import { template } from '../template.ts';

export const webhookDisabled = template({
  name: 'webhook_disabled',
  category: 'essential',
  data: z.strictObject({ webhook_endpoint_id: z.uuid(), host: z.string().min(1), reason: z.enum(['gone', 'failing']) }),
  examples: {
    failing: {
      webhook_endpoint_id: '0199f0a1-7c1e-7000-8000-3a5b6c7d8e9f',
      host: 'hooks.example.com',
      reason: 'failing',
    },
    gone: { webhook_endpoint_id: '0199f0a1-7c1e-7000-8000-3a5b6c7d8e9f', host: 'hooks.example.com', reason: 'gone' },
  },
  write: {
    'pt-BR': ({ webhook_endpoint_id, host, reason }, t) => ({
      subject: `Webhook desativado: ${t.short(host)}`,
      preheader: 'Seus sistemas não recebem mais os eventos deste endereço.',
      heading: 'Um webhook foi desativado',
      blocks: [
        text(
          reason === 'gone'
            ? `O endereço em ${host} respondeu que não existe mais (410), então paramos de enviar eventos para ele.`
            : `Todas as entregas para ${host} falharam nos últimos cinco dias, então paramos de enviar eventos para ele.`,
        ),
        figures(['Endereço', host]),
        text(
          'Quando o receptor voltar a funcionar, ative o webhook de novo; o que ficou para trás pode ser reenviado.',
        ),
        button('Ver webhook', t.page(`/settings/webhooks/${webhook_endpoint_id}`)),
      ],
    }),
    en: ({ webhook_endpoint_id, host, reason }, t) => ({
      subject: `Webhook switched off: ${t.short(host)}`,
      preheader: 'Your systems no longer receive this endpoint’s events.',
      heading: 'A webhook was switched off',
      blocks: [
        text(
          reason === 'gone'
            ? `The endpoint at ${host} answered that it is gone (410), so we have stopped sending events to it.`
            : `All deliveries to ${host} have failed for five days, so we have stopped sending events to it.`,
        ),
        figures(['Endpoint', host]),
        text('Once the receiver works again, switch the webhook back on; what it missed can be sent again.'),
        button('See webhook', t.page(`/settings/webhooks/${webhook_endpoint_id}`)),
      ],
    }),
    es: ({ webhook_endpoint_id, host, reason }, t) => ({
      subject: `Webhook desactivado: ${t.short(host)}`,
      preheader: 'Tus sistemas ya no reciben los eventos de esta dirección.',
      heading: 'Se desactivó un webhook',
      blocks: [
        text(
          reason === 'gone'
            ? `La dirección en ${host} respondió que ya no existe (410), así que dejamos de enviarle eventos.`
            : `Todas las entregas a ${host} fallaron durante cinco días, así que dejamos de enviarle eventos.`,
        ),
        figures(['Dirección', host]),
        text(
          'Cuando el receptor vuelva a funcionar, activa el webhook de nuevo; lo que quedó pendiente se puede reenviar.',
        ),
        button('Ver webhook', t.page(`/settings/webhooks/${webhook_endpoint_id}`)),
      ],
    }),
  },
});
