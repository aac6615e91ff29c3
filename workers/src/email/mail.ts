/** A part of an e-mail. HTML and plain text are made from the same parts, so that neither lacks what the other says. */
export type Block =
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: readonly string[] }
  /** Names and values, one under the other. */
  | { kind: 'figures'; rows: readonly (readonly [name: string, value: string])[] }
  /** What the e-mail wants to be done; there is one. */
  | { kind: 'button'; label: string; url: string }
  | { kind: 'small'; text: string };

/** An e-mail before it has a form: plain words in one language, nothing escaped. */
export interface Mail {
  subject: string;
  /** What mail programs show behind the subject in the list. */
  preheader: string;
  heading: string;
  blocks: readonly Block[];
}

export const text = (words: string): Block => ({ kind: 'text', text: words });
export const list = (...items: string[]): Block => ({ kind: 'list', items });
export const figures = (...rows: (readonly [name: string, value: string])[]): Block => ({ kind: 'figures', rows });
export const button = (label: string, url: string): Block => ({ kind: 'button', label, url });
export const small = (words: string): Block => ({ kind: 'small', text: words });
