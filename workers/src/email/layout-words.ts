import type { OptionalCategory } from '@base/shared/contracts/email';
import type { Language, Reader } from './reader.ts';

/** What the template is for, as in the outbox. */
export type Category = 'essential' | OptionalCategory;

interface LayoutWords {
  greet: (firstName: string | null) => string;
  /** Beneath the button, for those in whose mail program it does nothing. */
  linkHint: string;
  reasons: Readonly<Record<Category, string>>;
  /** In the place of a reason, to somebody who has no account. */
  invited: string;
  organization: (name: string) => string;
  unsubscribe: string;
}

const words: Readonly<Record<Language, LayoutWords>> = {
  'pt-BR': {
    greet: (name) => (name === null ? 'Olá!' : `Olá, ${name}!`),
    linkHint: 'Se o botão não funcionar, copie este link para o navegador:',
    reasons: {
      essential: 'Este e-mail faz parte do funcionamento da conta e por isso é sempre enviado.',
      notice: 'Você recebe este e-mail porque administra esta organização na BASE.',
      onboarding: 'Você recebe este e-mail porque criou uma conta na BASE há poucos dias.',
      job: 'Você recebe este e-mail porque ativou os avisos de trabalhos concluídos.',
    },
    invited: 'Você recebe este e-mail porque alguém convidou este endereço para uma equipe na BASE.',
    organization: (name) => `Organização: ${name}`,
    unsubscribe: 'Não quero mais receber e-mails como este',
  },
  en: {
    greet: (name) => (name === null ? 'Hello!' : `Hi ${name},`),
    linkHint: 'If the button does not work, copy this link into your browser:',
    reasons: {
      essential: 'This e-mail is part of running the account, so it is always sent.',
      notice: 'You receive this e-mail because you are an admin of this organization at BASE.',
      onboarding: 'You receive this e-mail because you created a BASE account a few days ago.',
      job: 'You receive this e-mail because you switched on notices of finished jobs.',
    },
    invited: 'You receive this e-mail because somebody invited this address to a team at BASE.',
    organization: (name) => `Organization: ${name}`,
    unsubscribe: 'Stop e-mails like this one',
  },
  es: {
    greet: (name) => (name === null ? '¡Hola!' : `¡Hola, ${name}!`),
    linkHint: 'Si el botón no funciona, copia este enlace en tu navegador:',
    reasons: {
      essential: 'Este correo forma parte del funcionamiento de la cuenta y por eso se envía siempre.',
      notice: 'Recibes este correo porque administras esta organización en BASE.',
      onboarding: 'Recibes este correo porque creaste una cuenta en BASE hace pocos días.',
      job: 'Recibes este correo porque activaste los avisos de trabajos terminados.',
    },
    invited: 'Recibes este correo porque alguien invitó a esta dirección a un equipo en BASE.',
    organization: (name) => `Organización: ${name}`,
    unsubscribe: 'No quiero recibir más correos como este',
  },
};

/** The words around every e-mail, in the reader's language. */
export function layoutWords(reader: Reader): LayoutWords {
  return words[reader.language];
}
