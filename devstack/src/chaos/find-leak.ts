/** What no customer may read. */
export interface Secrecy {
  /** Keys and passwords. */
  secrets: readonly string[];
  /** The only port of this machine that may be named: the API's own. */
  publicPort: number;
}

const addresses = /(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)/g;
/** Words of providers' stand-ins, drivers and stacks. */
const foreignWords =
  /\b(?:sandbox|ECONN[A-Z]+|EPIPE|ETIMEDOUT|socket hang up|fetch failed|undici|axios|ioredis|postgres|pg-pool|SQLSTATE)\b|\bat .*\.ts:\d/i;

/**
 * What a text tells that it should not, or null. What a customer wrote, or a model for them, is theirs: the members `input`
 * and `text` of JSON are only searched for secrets.
 */
export function findLeak(text: string, { secrets, publicPort }: Secrecy): string | null {
  for (const secret of secrets) if (text.includes(secret)) return `the secret …${secret.slice(-4)}`;
  const own = withoutCustomersWords(text);
  for (const [address, port] of own.matchAll(addresses)) if (Number(port) !== publicPort) return address;
  return foreignWords.exec(own)?.[0] ?? null;
}

function withoutCustomersWords(text: string): string {
  try {
    const cut = (name: string, value: unknown) => (name === 'input' || name === 'text' ? undefined : value);
    return JSON.stringify(JSON.parse(text, cut));
  } catch {
    return text; // Not JSON.
  }
}
