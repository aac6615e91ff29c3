/** Text as it may stand in HTML, in attributes, too. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A plain page; `body` is HTML. */
export function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem; color: #1a1f36; }
form { display: inline-block; margin: 0.25rem 0.5rem 0.25rem 0; }
button { font: inherit; padding: 0.4rem 1rem; }
.note { color: #697386; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}
<p class="note">A page of the sandbox. Nobody is charged.</p>
</body>
</html>
`;
}

/** A button that posts `fields` to `action`. */
export function renderButton(action: string, label: string, fields: Record<string, string> = {}): string {
  const hidden = Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('');
  return `<form method="post" action="${escapeHtml(action)}">${hidden}<button>${escapeHtml(label)}</button></form>`;
}

export function formatCents(cents: number, currency: string): string {
  return currency === 'brl'
    ? `R$ ${(cents / 100).toFixed(2).replace('.', ',')}`
    : `${(cents / 100).toFixed(2)} ${currency}`;
}

export function formatTime(seconds: number | null): string {
  return seconds === null ? '' : `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
