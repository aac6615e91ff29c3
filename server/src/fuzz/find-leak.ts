import path from 'node:path';

export interface LeakRules {
  /** Keys, passwords and addresses of inner parts: nobody may read them. */
  secrets: readonly string[];
  /** Names of the silent tenant that no request ever contains. */
  foreignWords: readonly string[];
  /** Its ids; requests contain some of them, and then their answers may. */
  foreignIds: readonly string[];
  /** What is the house's: for its own callers only. */
  houseWords: readonly string[];
}

const repository = path.resolve(import.meta.dirname, '../../..');

/** Where people pay: the stand-ins of the gateways have such pages at an inner address, and people are sent there. */
const gatewayPage = /\bhttps?:\/\/[\w.:-]+\/(?:_sandbox\/stripe\/pages|asaas\/(?:i|checkoutSession))\/[\w/?=-]+/g;

const traces: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a stack trace', /\bat (?:async )?(?:[\w.<>]+ )?\(?(?:file:|node:)\/*\w|\.[tj]s:\d+:\d+|node_modules\//],
  [
    'an error of the runtime',
    /\b(?:Type|Range|Syntax|Reference|Zod|Reply|Aggregate)Error\b|Cannot read propert|is not a function/,
  ],
  [
    'an error of the database',
    /syntax error at or near|relation "[^"]*" does not exist|duplicate key value|violates (?:check|foreign key|unique|not-null) constraint|SQLSTATE|invalid input syntax for|out of range for type|statement timeout/,
  ],
  [
    'an error of a connection',
    /\b(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN)\b|socket hang up|fetch failed/,
  ],
  ['words of a driver', /\b(?:ioredis|kysely|undici|node-postgres|WRONGTYPE)\b/i],
  ['SQL', /\bselect\s+[\w"*.,\s]{1,200}\bfrom\s+(?:public\.|"?(?:ai_jobs|users|organizations|credit_))/i],
  ['a provider key', /\bsandbox-[a-z-]+-key\b|\bsk-(?:proj-)?[A-Za-z0-9]{20,}|\br8_[A-Za-z0-9]{20,}/],
  ['a secret key of Supabase', /\bsb_secret_\w+/],
];

/**
 * What a text tells that it should not, or null.
 * @param asked the request: an id that it contains may be in its answer
 */
export function findLeak(text: string, rules: LeakRules, asked = '', isOfHouse = true): string | null {
  for (const [what, pattern] of traces) {
    const found = pattern.exec(text);
    if (found !== null) return `${what}: ${found[0].slice(0, 80)}`;
  }
  if (text.includes(repository)) return 'a path of the server';
  const withoutPages = text.replaceAll(gatewayPage, '');
  if (rules.secrets.some((secret) => withoutPages.includes(secret))) return 'a secret or an inner address';
  if (rules.foreignWords.some((word) => text.includes(word))) return 'words of another tenant';
  const id = rules.foreignIds.find((foreign) => text.includes(foreign) && !asked.includes(foreign));
  if (id !== undefined) return `the id ${id} of another tenant`;
  if (!isOfHouse && rules.houseWords.some((word) => text.includes(word)))
    return 'words of a tenant, told to a stranger';
  return null;
}
