import * as z from 'zod';
import { button, figures, text } from '../mail.ts';
import type { Language } from '../reader.ts';
import { template } from '../template.ts';

const types = ['image', 'video', 'audio', 'text'] as const;

const words: Readonly<Record<Language, Record<(typeof types)[number], string>>> = {
  'pt-BR': { image: 'Imagem', video: 'Vídeo', audio: 'Áudio', text: 'Texto' },
  en: { image: 'Image', video: 'Video', audio: 'Audio', text: 'Text' },
  es: { image: 'Imagen', video: 'Video', audio: 'Audio', text: 'Texto' },
};

export const jobFinished = template({
  name: 'job_finished',
  category: 'job',
  data: z.strictObject({
    job_id: z.uuid(),
    status: z.enum(['completed', 'failed']),
    type: z.enum(types),
    model: z.string().min(1),
    seconds: z.int().min(0),
    credits: z.int().min(0),
  }),
  examples: {
    completed: {
      job_id: '0199f0a1-7c1e-7000-8000-3a5b6c7d8e9f',
      status: 'completed',
      type: 'video',
      model: 'kling-v2',
      seconds: 187,
      credits: 40,
    },
    failed: {
      job_id: '0199f0a1-7c1e-7000-8000-3a5b6c7d8e9f',
      status: 'failed',
      type: 'audio',
      model: 'eleven-v3',
      seconds: 3800,
      credits: 0,
    },
  },
  write: {
    'pt-BR': ({ job_id, status, type, model, seconds, credits }, t) => ({
      subject:
        status === 'completed'
          ? `Pronto: ${words['pt-BR'][type].toLowerCase()} com ${t.short(model)}`
          : `Não deu certo: ${words['pt-BR'][type].toLowerCase()} com ${t.short(model)}`,
      preheader: status === 'completed' ? 'O resultado espera por você.' : 'Nada foi cobrado.',
      heading: status === 'completed' ? 'Seu trabalho está pronto' : 'Seu trabalho não deu certo',
      blocks: [
        text(
          status === 'completed'
            ? 'O trabalho que você pediu terminou. O resultado já está na sua biblioteca.'
            : 'O trabalho que você pediu não pôde ser concluído. Nada foi cobrado; você pode tentar de novo com um clique.',
        ),
        figures(
          ['Tipo', words['pt-BR'][type]],
          ['Modelo', model],
          ['Tempo', t.duration(seconds)],
          ['Cobrado', t.credits(credits)],
        ),
        button(status === 'completed' ? 'Ver resultado' : 'Ver o que houve', t.page(`/jobs/${job_id}`)),
      ],
    }),
    en: ({ job_id, status, type, model, seconds, credits }, t) => ({
      subject:
        status === 'completed'
          ? `Ready: ${words.en[type].toLowerCase()} by ${t.short(model)}`
          : `It did not work: ${words.en[type].toLowerCase()} by ${t.short(model)}`,
      preheader: status === 'completed' ? 'The result is waiting for you.' : 'Nothing was charged.',
      heading: status === 'completed' ? 'Your job is done' : 'Your job did not work',
      blocks: [
        text(
          status === 'completed'
            ? 'The job you ordered has finished. The result is in your library.'
            : 'The job you ordered could not be done. Nothing was charged; you can try again with one click.',
        ),
        figures(
          ['Type', words.en[type]],
          ['Model', model],
          ['Time', t.duration(seconds)],
          ['Charged', t.credits(credits)],
        ),
        button(status === 'completed' ? 'See the result' : 'See what happened', t.page(`/jobs/${job_id}`)),
      ],
    }),
    es: ({ job_id, status, type, model, seconds, credits }, t) => ({
      subject:
        status === 'completed'
          ? `Listo: ${words.es[type].toLowerCase()} con ${t.short(model)}`
          : `No se pudo: ${words.es[type].toLowerCase()} con ${t.short(model)}`,
      preheader: status === 'completed' ? 'El resultado te espera.' : 'No se cobró nada.',
      heading: status === 'completed' ? 'Tu trabajo está listo' : 'Tu trabajo no se pudo hacer',
      blocks: [
        text(
          status === 'completed'
            ? 'El trabajo que pediste terminó. El resultado ya está en tu biblioteca.'
            : 'El trabajo que pediste no se pudo terminar. No se cobró nada; puedes intentarlo de nuevo con un clic.',
        ),
        figures(
          ['Tipo', words.es[type]],
          ['Modelo', model],
          ['Tiempo', t.duration(seconds)],
          ['Cobrado', t.credits(credits)],
        ),
        button(status === 'completed' ? 'Ver resultado' : 'Ver qué pasó', t.page(`/jobs/${job_id}`)),
      ],
    }),
  },
});
