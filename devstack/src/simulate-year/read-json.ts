export type Json = Record<string, unknown>;

/** What a gateway or control endpoint answers. @throws Error when it refuses */
export async function requestJson(url: string, init: RequestInit = {}): Promise<Json> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${answer.status} ${text.slice(0, 300)}`);
  return asObject(JSON.parse(text));
}

export function asObject(value: unknown): Json {
  if (typeof value !== 'object' || value === null) throw new Error(`not an object: ${JSON.stringify(value)}`);
  return value as Json; // checked on the line above
}

/** A field of a field …; null where there is none. */
export function at(object: unknown, ...path: (string | number)[]): unknown {
  let value = object;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return null;
    value = (value as Record<string | number, unknown>)[step]; // an object, and what it lacks is undefined
  }
  return value ?? null;
}

export function textAt(object: unknown, ...path: (string | number)[]): string {
  const value = at(object, ...path);
  if (typeof value !== 'string')
    throw new Error(`no text at ${path.join('.')}: ${JSON.stringify(object).slice(0, 300)}`);
  return value;
}

export function numberAt(object: unknown, ...path: (string | number)[]): number {
  const value = at(object, ...path);
  if (typeof value !== 'number') {
    throw new Error(`no number at ${path.join('.')}: ${JSON.stringify(object).slice(0, 300)}`);
  }
  return value;
}

export function listAt(object: unknown, ...path: (string | number)[]): Json[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value.map(asObject) : [];
}
