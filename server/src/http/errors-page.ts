interface ErrorEntry {
  status: number;
  title: string;
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1d2430;background:#fff}
h2{font-size:1.1rem;margin-top:2.2rem}h2 small{font-weight:400;color:#5b6472}code{background:#eef1f5;padding:.1em .3em;border-radius:.2em}
:target{background:#fff4cc}@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181f}code{background:#262d38}:target{background:#4a4015}}`;

/** The readable page of all error codes: status and title from the table, words from docs/errors.md. */
export function renderErrorsPage(markdown: string, table: Readonly<Record<string, ErrorEntry>>): string {
  const words = readSections(markdown);
  const sections = Object.entries(table).map(([code, { status, title }]) => {
    const text = (words.get(code) ?? []).map((paragraph) => `<p>${renderInline(paragraph)}</p>`).join('\n');
    return `<section id="${code}"><h2><code>${code}</code> <small>${status} · ${escapeHtml(title)}</small></h2>\n${text}</section>`;
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>BASE API: errors</title>
<style>${style}</style></head>
<body>
<h1>Errors</h1>
<p>Every error is <code>application/problem+json</code> (RFC 9457). Decide by <code>code</code>: it does not change; titles and details may.
<code>request_id</code> finds the request in our logs.</p>
${sections.join('\n')}
</body>
</html>
`;
}

/** The paragraphs under each "## `code`" heading. */
function readSections(markdown: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  for (const part of markdown.split(/^## /m).slice(1)) {
    const code = /^`?([a-z_]+)`?/.exec(part)?.[1];
    const body = part.slice(part.indexOf('\n') + 1);
    const paragraphs = body.split(/\n\s*\n/).map((paragraph) => paragraph.trim().replaceAll('\n', ' '));
    if (code !== undefined)
      sections.set(
        code,
        paragraphs.filter((paragraph) => paragraph !== ''),
      );
  }
  return sections;
}

function renderInline(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
