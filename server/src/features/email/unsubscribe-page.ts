import type { OptionalCategory } from '@base/shared/contracts/email';
import type { Response } from 'express';
import { streamed } from '../../http/endpoint.ts';

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem;color:#1d2430;background:#fff;text-align:center}
h1{font-size:1.3rem}button{font:inherit;font-weight:600;color:#fff;background:#3b49df;border:0;border-radius:.5rem;padding:.7rem 1.4rem;cursor:pointer}
@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181f}}`;

interface Words {
  kinds: Readonly<Record<OptionalCategory, string>>;
  ask: (kind: string) => string;
  button: string;
  done: string;
  rest: (kind: string) => string;
}

const words: Readonly<Record<string, Words>> = {
  'pt-BR': {
    kinds: {
      notice: 'avisos sobre créditos, orçamentos e planos',
      onboarding: 'dicas para os primeiros dias',
      job: 'avisos de trabalhos concluídos',
    },
    ask: (kind) => `Não receber mais ${kind}?`,
    button: 'Cancelar inscrição',
    done: 'Pronto!',
    rest: (kind) => `Você não vai mais receber ${kind}. Se mudar de ideia, ative de novo nas suas preferências.`,
  },
  en: {
    kinds: {
      notice: 'notices about credits, budgets and plans',
      onboarding: 'tips for the first days',
      job: 'notices of finished jobs',
    },
    ask: (kind) => `Stop receiving ${kind}?`,
    button: 'Unsubscribe',
    done: 'Done!',
    rest: (kind) =>
      `You will not receive ${kind} any more. Should you change your mind, switch them on in your preferences.`,
  },
  es: {
    kinds: {
      notice: 'avisos sobre créditos, presupuestos y planes',
      onboarding: 'consejos para los primeros días',
      job: 'avisos de trabajos terminados',
    },
    ask: (kind) => `¿Dejar de recibir ${kind}?`,
    button: 'Cancelar suscripción',
    done: '¡Listo!',
    rest: (kind) => `Ya no recibirás ${kind}. Si cambias de opinión, actívalos de nuevo en tus preferencias.`,
  },
};

/**
 * Sends the page that asks, whose button posts to its own address, or the one that confirms. It has a policy of its own:
 * no other page of ours may send a form, and this one needs nothing else.
 */
export function sendUnsubscribePage(
  response: Response,
  { language, category, isDone }: { language: string; category: OptionalCategory; isDone: boolean },
): typeof streamed {
  const { [language]: said = words.en } = words;
  if (said === undefined) throw new Error('there are no English words');
  const kind = said.kinds[category];
  const content = isDone
    ? `<h1>${said.done}</h1>\n<p>${said.rest(kind)}</p>`
    : `<h1>${said.ask(kind)}</h1>\n<form method="post"><button type="submit">${said.button}</button></form>`;
  response.setHeader(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Robots-Tag', 'noindex');
  response
    .status(200)
    .type('html')
    .send(`<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>BASE</title>
<style>${style}</style></head>
<body>
${content}
</body>
</html>
`);
  return streamed;
}
