import * as z from 'zod';
import { button, list, text } from '../mail.ts';
import { template } from '../template.ts';

export const welcome = template({
  name: 'welcome',
  category: 'essential',
  data: z.strictObject({ credits: z.int().min(0) }),
  examples: { usual: { credits: 50 }, 'without credits': { credits: 0 } },
  write: {
    'pt-BR': ({ credits }, t) => ({
      subject: 'Boas-vindas à BASE',
      preheader: 'Sua conta está pronta. Veja por onde começar.',
      heading: 'Boas-vindas à BASE!',
      blocks: [
        text(
          'Sua conta está pronta. Aqui você cria imagens, vídeos, áudios e textos com os melhores modelos de IA, tudo em um só lugar.',
        ),
        ...(credits > 0
          ? [text(`Para você começar, já colocamos ${t.credits(credits)} na sua conta, por nossa conta.`)]
          : []),
        list(
          'Descreva uma imagem com suas palavras e veja o resultado em segundos.',
          'Você só paga pelo que deu certo: se algo falhar, os créditos voltam.',
          'Antes de cada pedido, mostramos quanto ele vai custar.',
        ),
        button('Criar minha primeira imagem', t.page('/studio')),
      ],
    }),
    en: ({ credits }, t) => ({
      subject: 'Welcome to BASE',
      preheader: 'Your account is ready. Here is where to start.',
      heading: 'Welcome to BASE!',
      blocks: [
        text('Your account is ready. Create images, videos, audio and text with the best AI models, all in one place.'),
        ...(credits > 0
          ? [text(`To get you started, we have put ${t.credits(credits)} into your account, on us.`)]
          : []),
        list(
          'Describe a picture in your own words and see it within seconds.',
          'You only pay for what worked: when something fails, your credits come back.',
          'Before every order we show what it will cost.',
        ),
        button('Create my first image', t.page('/studio')),
      ],
    }),
    es: ({ credits }, t) => ({
      subject: 'Te damos la bienvenida a BASE',
      preheader: 'Tu cuenta está lista. Mira por dónde empezar.',
      heading: '¡Te damos la bienvenida a BASE!',
      blocks: [
        text(
          'Tu cuenta está lista. Aquí creas imágenes, videos, audios y textos con los mejores modelos de IA, todo en un solo lugar.',
        ),
        ...(credits > 0
          ? [text(`Para que empieces, ya pusimos ${t.credits(credits)} en tu cuenta, por nuestra cuenta.`)]
          : []),
        list(
          'Describe una imagen con tus palabras y mira el resultado en segundos.',
          'Solo pagas por lo que salió bien: si algo falla, los créditos vuelven.',
          'Antes de cada pedido te mostramos cuánto va a costar.',
        ),
        button('Crear mi primera imagen', t.page('/studio')),
      ],
    }),
  },
});
