import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createReader, type Language, languages } from '../reader.ts';
import { type RenderedEmail, renderEmail } from '../render-email.ts';
import type { Template } from '../template.ts';
import { templates } from '../templates.ts';

/** For whom previews and tests write. */
export const sampleUnsubscribeUrl =
  'https://api.example.com/api/v1/email/unsubscribe?token=AZ8AoXwecACAADpbbH2Onw.notice.x';

export interface Preview extends RenderedEmail {
  template: string;
  example: string;
  language: Language;
}

/** Every example of every template in every language. */
export function allPreviews(): Preview[] {
  return templates.flatMap(({ examples, ...template }) =>
    Object.entries(examples).flatMap(([example, data]) =>
      languages.map((language) => ({
        template: template.name,
        example,
        language,
        ...renderExample(template, data, language),
      })),
    ),
  );
}

function renderExample(
  { name, category }: Pick<Template, 'name' | 'category'>,
  data: unknown,
  language: Language,
): RenderedEmail {
  const reader = createReader({
    language,
    organization: 'Agência Maré',
    fullName: name === 'invitation' ? null : 'Ana Souza',
    appUrl: 'https://app.example.com',
  });
  return renderEmail(name, data, {
    reader,
    category,
    unsubscribeUrl: category === 'essential' ? null : sampleUnsubscribeUrl,
    isMember: name !== 'invitation',
  });
}

/** Writes all previews and a page that lists them. @returns how many files */
export async function writePreviews(directory: string): Promise<number> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const previews = allPreviews();
  const rows: string[] = [];
  for (const { template, example, language, subject, html, text } of previews) {
    const file = `${template}.${example.replaceAll(/[^a-z]+/g, '-')}.${language}`;
    await writeFile(path.join(directory, `${file}.html`), html);
    await writeFile(path.join(directory, `${file}.txt`), `Subject: ${subject}\n\n${text}`);
    rows.push(
      `<tr><td>${template}<td>${example}<td>${language}<td><a href="${file}.html">${subject}</a><td><a href="${file}.txt">text</a>`,
    );
  }
  await writeFile(
    path.join(directory, 'index.html'),
    `<!doctype html><meta charset="utf-8"><title>E-mails</title><style>body{font:15px system-ui;margin:2rem}td{padding:.3rem 1rem .3rem 0}</style>\n<h1>E-mails</h1><table>\n${rows.join('\n')}\n</table>\n`,
  );
  return previews.length * 2 + 1;
}
