import * as z from 'zod';
import { button, figures, small, text } from '../mail.ts';
import { template } from '../template.ts';

const roles = ['admin', 'manager', 'member', 'viewer'] as const;
type Role = (typeof roles)[number];

const words: Readonly<Record<'pt-BR' | 'en' | 'es', Record<Role, string>>> = {
  'pt-BR': { admin: 'administrador(a)', manager: 'gerente', member: 'membro', viewer: 'leitor(a)' },
  en: { admin: 'admin', manager: 'manager', member: 'member', viewer: 'viewer' },
  es: { admin: 'administrador(a)', manager: 'gerente', member: 'miembro', viewer: 'lector(a)' },
};

export const invitation = template({
  name: 'invitation',
  category: 'essential',
  data: z.strictObject({
    inviter: z.string().min(1),
    role: z.enum(roles),
    expires_at: z.iso.datetime({ offset: true }),
    // Sealed in the outbox.
    link: z.url(),
  }),
  examples: {
    usual: {
      inviter: 'Ana Souza',
      role: 'member',
      expires_at: '2026-03-10T15:00:00+00:00',
      link: 'https://app.example.com/invitations/accept#token=3q2-7wF9xKc1',
    },
  },
  write: {
    'pt-BR': ({ inviter, role, expires_at, link }, t) => ({
      subject: `${t.short(inviter)} convidou você para ${t.short(t.organization)}`,
      preheader: `Aceite até ${t.date(expires_at)}.`,
      heading: `Convite para ${t.organization}`,
      blocks: [
        text(
          `${inviter} convidou você para trabalhar com a equipe de ${t.organization} na BASE, onde se criam imagens, vídeos, áudios e textos com IA.`,
        ),
        figures(['Seu papel', words['pt-BR'][role]], ['Válido até', t.date(expires_at)]),
        button('Aceitar convite', link),
        small(
          'Entre com este mesmo endereço de e-mail; o convite vale só para ele, e uma única vez. Se você não esperava este convite, pode ignorar este e-mail.',
        ),
      ],
    }),
    en: ({ inviter, role, expires_at, link }, t) => ({
      subject: `${t.short(inviter)} invited you to ${t.short(t.organization)}`,
      preheader: `Accept by ${t.date(expires_at)}.`,
      heading: `Invitation to ${t.organization}`,
      blocks: [
        text(
          `${inviter} has invited you to work with the team of ${t.organization} at BASE, where images, videos, audio and text are made with AI.`,
        ),
        figures(['Your role', words.en[role]], ['Good until', t.date(expires_at)]),
        button('Accept invitation', link),
        small(
          'Sign in with this very e-mail address; the invitation is for it alone, and works once. If you did not expect this invitation, you can ignore this e-mail.',
        ),
      ],
    }),
    es: ({ inviter, role, expires_at, link }, t) => ({
      subject: `${t.short(inviter)} te invitó a ${t.short(t.organization)}`,
      preheader: `Acepta antes del ${t.date(expires_at)}.`,
      heading: `Invitación a ${t.organization}`,
      blocks: [
        text(
          `${inviter} te invitó a trabajar con el equipo de ${t.organization} en BASE, donde se crean imágenes, videos, audios y textos con IA.`,
        ),
        figures(['Tu rol', words.es[role]], ['Válida hasta', t.date(expires_at)]),
        button('Aceptar invitación', link),
        small(
          'Entra con esta misma dirección de correo; la invitación vale solo para ella, y una única vez. Si no esperabas esta invitación, puedes ignorar este correo.',
        ),
      ],
    }),
  },
});
