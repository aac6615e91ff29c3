import * as z from 'zod';
import { button, list, text } from '../mail.ts';
import { template } from '../template.ts';

const data = z.strictObject({});
const examples = { usual: {} };

/** A day in, and nothing made yet. */
export const onboarding1 = template({
  name: 'onboarding_1',
  category: 'onboarding',
  data,
  examples,
  write: {
    'pt-BR': (_data, t) => ({
      subject: 'Sua primeira imagem em um minuto',
      preheader: 'Uma frase basta para começar.',
      heading: 'Que tal criar a primeira imagem?',
      blocks: [
        text('Uma frase basta. Diga o que aparece, em que estilo e com que luz. Por exemplo:'),
        list(
          '“Xícara de café sobre mesa de madeira, luz da manhã, foto de revista”',
          '“Logotipo minimalista de uma padaria, traço fino, fundo branco”',
          '“Cidade brasileira à noite depois da chuva, neon refletido no asfalto”',
        ),
        text('Não gostou do resultado? Mude uma palavra e peça de novo: é assim que se chega lá.'),
        button('Experimentar agora', t.page('/studio')),
      ],
    }),
    en: (_data, t) => ({
      subject: 'Your first image in a minute',
      preheader: 'One sentence is enough to start.',
      heading: 'How about a first image?',
      blocks: [
        text('One sentence is enough. Say what is in the picture, in which style and in which light. For example:'),
        list(
          '“Cup of coffee on a wooden table, morning light, magazine photo”',
          '“Minimalist logo of a bakery, thin lines, white background”',
          '“City at night after the rain, neon reflected on the street”',
        ),
        text('Not what you had in mind? Change a word and ask again: that is how you get there.'),
        button('Try it now', t.page('/studio')),
      ],
    }),
    es: (_data, t) => ({
      subject: 'Tu primera imagen en un minuto',
      preheader: 'Basta una frase para empezar.',
      heading: '¿Y si creas tu primera imagen?',
      blocks: [
        text('Basta una frase. Di qué aparece, en qué estilo y con qué luz. Por ejemplo:'),
        list(
          '“Taza de café sobre una mesa de madera, luz de la mañana, foto de revista”',
          '“Logotipo minimalista de una panadería, trazo fino, fondo blanco”',
          '“Ciudad de noche después de la lluvia, neón reflejado en el asfalto”',
        ),
        text('¿No es lo que imaginabas? Cambia una palabra y pídela de nuevo: así se llega.'),
        button('Probar ahora', t.page('/studio')),
      ],
    }),
  },
});

/** Three days in, and still nothing made: what it can be used for. */
export const onboarding3 = template({
  name: 'onboarding_3',
  category: 'onboarding',
  data,
  examples,
  write: {
    'pt-BR': (_data, t) => ({
      subject: 'Três ideias para usar a BASE hoje',
      preheader: 'Dos posts da semana às fotos de produto.',
      heading: 'Três ideias para hoje',
      blocks: [
        text('Seus créditos continuam à sua espera. Veja o que outras equipes fazem com eles:'),
        list(
          'Imagens para os posts da semana, todas no mesmo estilo.',
          'Textos e legendas a partir de um resumo de três linhas.',
          'Variações de uma foto de produto para testar anúncios.',
        ),
        button('Escolher uma e começar', t.page('/studio')),
      ],
    }),
    en: (_data, t) => ({
      subject: 'Three ideas for using BASE today',
      preheader: 'From this week’s posts to product photos.',
      heading: 'Three ideas for today',
      blocks: [
        text('Your credits are still waiting for you. This is what other teams do with theirs:'),
        list(
          'Images for this week’s posts, all in one style.',
          'Copy and captions from a summary of three lines.',
          'Variations of a product photo for testing ads.',
        ),
        button('Pick one and start', t.page('/studio')),
      ],
    }),
    es: (_data, t) => ({
      subject: 'Tres ideas para usar BASE hoy',
      preheader: 'De las publicaciones de la semana a las fotos de producto.',
      heading: 'Tres ideas para hoy',
      blocks: [
        text('Tus créditos te siguen esperando. Mira lo que otros equipos hacen con los suyos:'),
        list(
          'Imágenes para las publicaciones de la semana, todas con el mismo estilo.',
          'Textos y pies de foto a partir de un resumen de tres líneas.',
          'Variaciones de una foto de producto para probar anuncios.',
        ),
        button('Elegir una y empezar', t.page('/studio')),
      ],
    }),
  },
});

/** A week in, on the free plan. */
export const onboarding7 = template({
  name: 'onboarding_7',
  category: 'onboarding',
  data,
  examples,
  write: {
    'pt-BR': (_data, t) => ({
      subject: 'O que um plano da BASE libera para você',
      preheader: 'Vídeo, áudio, equipe e mais créditos.',
      heading: 'Pronto para o próximo passo?',
      blocks: [
        text(
          'Faz uma semana que você chegou. O plano gratuito é seu pelo tempo que quiser; quando precisar de mais, os planos pagos liberam:',
        ),
        list(
          'Vídeo e áudio, além de imagens e textos.',
          'Mais créditos e resolução maior.',
          'Lugares para a sua equipe, e mais projetos.',
        ),
        button('Ver planos', t.page('/billing/plans')),
      ],
    }),
    en: (_data, t) => ({
      subject: 'What a BASE plan opens up for you',
      preheader: 'Video, audio, your team and more credits.',
      heading: 'Ready for the next step?',
      blocks: [
        text(
          'You joined a week ago. The free plan is yours for as long as you like; when you need more, the paid plans open up:',
        ),
        list(
          'Video and audio, besides images and text.',
          'More credits and higher resolution.',
          'Seats for your team, and more projects.',
        ),
        button('See plans', t.page('/billing/plans')),
      ],
    }),
    es: (_data, t) => ({
      subject: 'Lo que un plan de BASE te permite',
      preheader: 'Video, audio, equipo y más créditos.',
      heading: '¿Vamos al siguiente paso?',
      blocks: [
        text(
          'Llegaste hace una semana. El plan gratuito es tuyo el tiempo que quieras; cuando necesites más, los planes de pago te dan:',
        ),
        list(
          'Video y audio, además de imágenes y textos.',
          'Más créditos y mayor resolución.',
          'Lugares para tu equipo, y más proyectos.',
        ),
        button('Ver planes', t.page('/billing/plans')),
      ],
    }),
  },
});
