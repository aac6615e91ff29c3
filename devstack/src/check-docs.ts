import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { envSchema } from '@base/shared/config/env-schema';
import { errorTable } from '@base/shared/errors/error-table';

// What the documentation says must be so: links lead somewhere, named commands and tests exist, the lists of error codes
// and of variables are those of the code.

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const readRoot = (file: string) => readFileSync(path.join(root, file), 'utf8');
const pages = globSync(['README.md', 'CHANGELOG.md', '*/README.md', 'docs/**/*.md'], { cwd: root }).sort();

const problems = [
  ...pages.flatMap((page) => brokenLinks(page)),
  ...pages.flatMap((page) => unknownCommands(page)),
  ...pages.flatMap((page) => unknownTests(page)),
  ...differencesInErrors(),
  ...differencesInVariables(),
];
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${pages.length} pages agree with the code.`);
process.exitCode = problems.length === 0 ? 0 : 1;

function brokenLinks(page: string): string[] {
  const text = readRoot(page).replaceAll(/```.*?```/gs, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^(https?:|mailto:)/.test(target))
    .filter((target) => !leadsSomewhere(page, target))
    .map((target) => `${page}: the link ${target} leads nowhere`);
}

function leadsSomewhere(page: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const linked = file === '' ? page : path.join(path.dirname(page), decodeURIComponent(file));
  if (!existsSync(path.join(root, linked))) return false;
  return anchor === undefined || !linked.endsWith('.md') || anchorsOf(linked).includes(anchor);
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): string[] {
  return headingsOf(page).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

function headingsOf(page: string): string[] {
  const text = readRoot(page).replaceAll(/```.*?```/gs, '');
  return [...text.matchAll(/^#{1,6} +(.+)$/gm)].map((match) => match[1] ?? '');
}

function unknownCommands(page: string): string[] {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readRoot('package.json'));
  const named = [...readRoot(page).matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(
    (match) => match[1] ?? match[2],
  );
  return [...new Set(named)]
    .filter((name) => name !== undefined && !(name in scripts))
    .map((name) => `${page}: there is no command "npm run ${name}"`);
}

/** A link to a file of tests names, in quotes behind it, the titles that are meant: `[a.test.ts](…) "one" · "another"`. */
function unknownTests(page: string): string[] {
  const links = [...readRoot(page).matchAll(/\]\(([^)\s]+\.test\.ts)\)((?:[\s·]*"[^"]+")*)/g)];
  return links.flatMap(([, target = '', named = '']) => {
    const file = path.join(path.dirname(page), target);
    if (!existsSync(path.join(root, file))) return []; // Told as a broken link.
    const text = readRoot(file);
    const titles = [...named.matchAll(/"([^"]+)"/g)].map((match) => (match[1] ?? '').replaceAll(/\s+/g, ' '));
    if (titles.length === 0) return [`${page}: which tests of ${target} are meant?`];
    return titles
      .filter((title) => !["'", '`'].some((quote) => text.includes(quote + title + quote)))
      .map((title) => `${page}: ${target} has no test "${title}"`);
  });
}

/** docs/errors.md has one heading per code; a heading is a code when it is written as one. */
function differencesInErrors(): string[] {
  const page = 'docs/errors.md';
  if (!existsSync(path.join(root, page))) return [`${page} does not exist`];
  const documented = headingsOf(page)
    .map((heading) => heading.replaceAll('`', ''))
    .filter((heading) => /^[a-z]+(_[a-z]+)*$/.test(heading));
  const codes = Object.keys(errorTable);
  return [
    ...codes.filter((code) => !documented.includes(code)).map((code) => `${page}: ${code} is not described`),
    ...documented.filter((code) => !codes.includes(code)).map((code) => `${page}: ${code} is no error of the code`),
  ];
}

function differencesInVariables(): string[] {
  const page = '.env.example';
  if (!existsSync(path.join(root, page))) return [`${page} does not exist`];
  const shown = [...readRoot(page).matchAll(/^#? ?([A-Z][A-Z0-9_]*)=/gm)].map((match) => match[1] ?? '');
  const read = Object.keys(envSchema.shape);
  const missing = read.filter((name) => !shown.includes(name)).map((name) => `${page}: ${name} is missing`);
  const extra = shown.filter((name) => !read.includes(name)).map((name) => `${page}: nothing reads ${name}`);
  if (missing.length + extra.length > 0) return [...missing, ...extra];
  const at = shown.findIndex((name, index) => name !== read[index]);
  return at === -1 ? [] : [`${page}: ${shown[at]} stands where env-schema.ts has ${read[at]}`];
}
