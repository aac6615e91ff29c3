import type { Frame } from './frame.ts';
import type { Mail } from './mail.ts';
import { clip } from './reader.ts';
import { renderHtml } from './render-html.ts';
import { renderText } from './render-text.ts';
import { templates } from './templates.ts';

export interface RenderedEmail {
  subject: string;
  html: string;
  text: string;
}

/** Longer ones are cut off by mail programs, and folded on their way (RFC 5322, 2.1.1). */
const subjectMax = 78;
const byName = new Map(templates.map((template) => [template.name, template]));

/** @throws Error for a template that does not exist, ZodError for data that it cannot be written with */
export function renderEmail(name: string, data: unknown, frame: Frame): RenderedEmail {
  const template = byName.get(name);
  if (template === undefined) throw new Error(`there is no template "${name}"`);
  const mail = tidy(template.write(data, frame.reader));
  return { subject: mail.subject, html: renderHtml(mail, frame), text: renderText(mail, frame) };
}

/** Names come from people: what would break a line of the header is gone before anything sees it. */
function tidy(mail: Mail): Mail {
  const subject = mail.subject.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return { ...mail, subject: clip(subject, subjectMax) };
}
