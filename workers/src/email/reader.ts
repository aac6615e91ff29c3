/** The languages of e-mails; `users.language` knows the same. */
export const languages = ['pt-BR', 'en', 'es'] as const;
export type Language = (typeof languages)[number];

/** Who will read an e-mail, and how numbers, money and dates are written for them. */
export interface Reader {
  language: Language;
  /** The organization that it is about. */
  organization: string;
  /** Their first name; null when nobody has told it. */
  firstName: string | null;
  /** A page of the web application. */
  page(path: `/${string}`): string;
  number(value: number): string;
  percent(value: number): string;
  /** `12 credits`. */
  credits(value: number): string;
  money(cents: number): string;
  /** The day of a moment given in ISO 8601. */
  date(moment: string): string;
  duration(seconds: number): string;
  /** A name that somebody chose, short enough for a subject. */
  short(name: string): string;
}

export interface ReaderOptions {
  language: Language;
  organization: string;
  fullName: string | null;
  /** The web application's address, without a slash at the end. */
  appUrl: string;
}

/** Where days begin and end: prices are in BRL, customers are in Brazil. */
const timeZone = 'America/Sao_Paulo';
const shortMax = 28;

const creditWords: Readonly<Record<Language, readonly [one: string, many: string]>> = {
  'pt-BR': ['crédito', 'créditos'],
  en: ['credit', 'credits'],
  es: ['crédito', 'créditos'],
};

export function createReader({ language, organization, fullName, appUrl }: ReaderOptions): Reader {
  // Spanish writes 1234 without its point where nothing else is said.
  const numbers = new Intl.NumberFormat(language, { useGrouping: 'always', maximumFractionDigits: 0 });
  const percents = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const currency = {
    style: 'currency',
    currency: 'BRL',
    currencyDisplay: 'narrowSymbol',
    useGrouping: 'always',
  } as const;
  const money = new Intl.NumberFormat(language, currency);
  const days = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone });
  const [one, many] = creditWords[language];
  const firstName = fullName?.trim().split(/\s+/)[0] ?? '';
  return {
    language,
    organization,
    firstName: firstName === '' ? null : clip(firstName, shortMax),
    page: (path) => appUrl + path,
    number: (value) => numbers.format(value),
    percent: (value) => percents.format(value / 100),
    credits: (value) => `${numbers.format(value)} ${value === 1 ? one : many}`,
    money: (cents) => money.format(cents / 100),
    date: (moment) => days.format(new Date(moment)),
    duration: (seconds) => formatDuration(seconds),
    short: (name) => clip(name, shortMax),
  };
}

/** The same in the three languages: the units are those of the SI. */
function formatDuration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.round(seconds % 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}

/** At most so many characters; what is longer ends in an ellipsis. */
export function clip(words: string, max: number): string {
  const characters = [...words];
  return characters.length <= max
    ? words
    : `${characters
        .slice(0, max - 1)
        .join('')
        .trimEnd()}…`;
}
