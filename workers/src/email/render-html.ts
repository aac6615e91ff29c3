import type { Frame } from './frame.ts';
import { layoutWords } from './layout-words.ts';
import type { Block, Mail } from './mail.ts';

const font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const accent = '#3b49df';
/** Colours stand inline for programs that drop the style element; the others may be dark. */
const colours = { page: '#f2f4f8', card: '#ffffff', ink: '#1d2430', quiet: '#5b6472', line: '#e3e7ee' };

const styles = `:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (max-width:620px){.card{padding:24px 20px !important}}
@media (prefers-color-scheme:dark){
.page{background:#12161d !important}.card{background:#1c222c !important;border-color:#2c3442 !important}
.ink{color:#eceff4 !important}.quiet,.quiet a{color:#a3adbb !important}.line{border-color:#2c3442 !important}
}`;

/** The e-mail as HTML: tables and inline styles, because that is what mail programs understand; nothing is fetched. */
export function renderHtml(mail: Mail, frame: Frame): string {
  const { reader, category, unsubscribeUrl, isMember } = frame;
  const said = layoutWords(reader);
  const body = [
    paragraph(said.greet(reader.firstName)),
    ...mail.blocks.map((block) => renderBlock(block, said.linkHint)),
  ];
  const footer = [
    isMember ? said.reasons[category] : said.invited,
    ...(isMember ? [said.organization(reader.organization)] : []),
  ].map(escapeHtml);
  if (unsubscribeUrl !== null) {
    footer.push(
      `<a href="${escapeHtml(unsubscribeUrl)}" style="color:${colours.quiet};text-decoration:underline">${said.unsubscribe}</a>`,
    );
  }
  return `<!doctype html>
<html lang="${reader.language}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no">
<title>${escapeHtml(mail.subject)}</title>
<style>${styles}</style>
</head>
<body class="page" style="margin:0;padding:0;background:${colours.page}">
<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0">${escapeHtml(mail.preheader)}${'&#847;&zwnj;&nbsp;'.repeat(60)}</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:${colours.page}">
<tr><td align="center" style="padding:32px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px">
<tr><td class="ink" style="padding:0 4px 16px;${font};font-size:18px;font-weight:800;letter-spacing:2px;color:${colours.ink}">BASE</td></tr>
<tr><td class="card" style="padding:32px 36px;background:${colours.card};border:1px solid ${colours.line};border-radius:12px">
<h1 class="ink" style="margin:0 0 16px;${font};font-size:22px;line-height:1.3;font-weight:700;color:${colours.ink}">${escapeHtml(mail.heading)}</h1>
${body.join('\n')}
</td></tr>
<tr><td class="quiet" style="padding:20px 4px 0;${font};font-size:12px;line-height:1.6;color:${colours.quiet}">${footer.join('<br>\n')}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
}

function renderBlock(block: Block, linkHint: string): string {
  switch (block.kind) {
    case 'text':
      return paragraph(block.text);
    case 'small':
      return `<p class="quiet" style="margin:16px 0 0;${font};font-size:13px;line-height:1.5;color:${colours.quiet}">${escapeHtml(block.text)}</p>`;
    case 'list':
      return `<ul class="ink" style="margin:0 0 16px;padding:0 0 0 22px;${font};font-size:16px;line-height:1.55;color:${colours.ink}">${block.items
        .map((item) => `<li style="margin:0 0 6px">${escapeHtml(item)}</li>`)
        .join('')}</ul>`;
    case 'figures':
      return renderFigures(block.rows);
    case 'button':
      return renderButton(block, linkHint);
  }
}

function paragraph(words: string): string {
  return `<p class="ink" style="margin:0 0 16px;${font};font-size:16px;line-height:1.55;color:${colours.ink}">${escapeHtml(words)}</p>`;
}

function renderFigures(rows: readonly (readonly [string, string])[]): string {
  const cell = `padding:10px 0;border-bottom:1px solid ${colours.line};${font};font-size:15px;line-height:1.4`;
  const lines = rows.map(
    ([name, value]) =>
      `<tr><td class="quiet line" style="${cell};color:${colours.quiet}">${escapeHtml(name)}</td>` +
      `<td class="ink line" align="right" style="${cell};padding-left:16px;font-weight:600;color:${colours.ink}">${escapeHtml(value)}</td></tr>`,
  );
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:4px 0 20px">${lines.join('\n')}</table>`;
}

function renderButton({ label, url }: { label: string; url: string }, linkHint: string): string {
  const href = escapeHtml(url);
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 20px"><tr><td bgcolor="${accent}" style="border-radius:8px;background:${accent}">
<a href="${href}" style="display:inline-block;padding:13px 26px;${font};font-size:16px;font-weight:600;line-height:1.2;color:#ffffff;text-decoration:none;border-radius:8px">${escapeHtml(label)}</a></td></tr></table>
<p class="quiet" style="margin:0 0 16px;${font};font-size:12px;line-height:1.5;color:${colours.quiet};word-break:break-all">${linkHint}<br><a href="${href}" style="color:${colours.quiet}">${href}</a></p>`;
}

/** Whatever people have called themselves stays text. */
function escapeHtml(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
