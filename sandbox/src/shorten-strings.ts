import { isJsonObject } from './field-rules.ts';

const charactersMax = 40_000;
const charactersShown = 200;

/** A JSON value with long strings cut: pictures in base64 would fill the memory. Prompts are never that long. */
export function shortenStrings(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.length > charactersMax ? `${value.slice(0, charactersShown)}… (${value.length} characters)` : value;
  }
  if (Array.isArray(value)) return value.map(shortenStrings);
  return isJsonObject(value) ? shortenFields(value) : value;
}

/** The same for an object. */
export function shortenFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, shortenStrings(field)]));
}
