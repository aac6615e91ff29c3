import { isJsonObject } from '../field-rules.ts';

/** Beyond this depth there is only what must be, so that recursive schemas come to an end. */
const depthMax = 6;
const itemsCount = 2;

const formatExamples: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'P1D',
  email: 'somebody@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

interface Filling {
  root: Record<string, unknown>;
  text: string;
}

/**
 * A value that satisfies a JSON schema, as far as structured outputs know schemas: objects, lists, strings, numbers, booleans, enum,
 * const, null, anyOf, allOf, and $ref into the same document. Strings hold `text`. `pattern` is not heeded.
 */
export function fillSchema(schema: Record<string, unknown>, text: string): unknown {
  return fill(schema, { root: schema, text }, 0);
}

function fill(schema: unknown, filling: Filling, depth: number): unknown {
  if (!isJsonObject(schema)) return filling.text;
  if (typeof schema.$ref === 'string') return fill(resolve(schema.$ref, filling.root), filling, depth + 1);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) return fill(choose(choices, depth), filling, depth);
  if (Array.isArray(schema.allOf)) return fill(merge(schema, schema.allOf, filling.root), filling, depth);
  switch (typeOf(schema, depth)) {
    case 'object':
      return fillObject(schema, filling, depth);
    case 'array':
      return fillArray(schema, filling, depth);
    case 'number':
    case 'integer':
      return fillNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return fillString(schema, filling.text);
  }
}

function fillObject(schema: Record<string, unknown>, filling: Filling, depth: number): Record<string, unknown> {
  const fields = Object.entries(isJsonObject(schema.properties) ? schema.properties : {});
  const required = Array.isArray(schema.required) ? schema.required : [];
  const filled = depth < depthMax ? fields : fields.filter(([name]) => required.includes(name));
  return Object.fromEntries(filled.map(([name, field]) => [name, fill(field, filling, depth + 1)]));
}

function fillArray(schema: Record<string, unknown>, filling: Filling, depth: number): unknown[] {
  const min = numberOr(schema.minItems, 0);
  const max = numberOr(schema.maxItems, Number.POSITIVE_INFINITY);
  const length = depth >= depthMax ? min : Math.min(max, Math.max(min, itemsCount));
  return Array.from({ length }, () => fill(schema.items, filling, depth + 1));
}

function fillString(schema: Record<string, unknown>, text: string): string {
  const example = typeof schema.format === 'string' ? formatExamples[schema.format] : undefined;
  if (example !== undefined) return example;
  const min = numberOr(schema.minLength, 0);
  const max = numberOr(schema.maxLength, Number.POSITIVE_INFINITY);
  const characters = Array.from(text);
  while (characters.length < min) characters.push('…');
  return characters.slice(0, max).join('');
}

/** 1 where that is allowed, else something within the bounds. */
function fillNumber(schema: Record<string, unknown>): number {
  const low = Math.max(numberOr(schema.minimum, -Infinity), numberOr(schema.exclusiveMinimum, -Infinity));
  const high = Math.min(numberOr(schema.maximum, Infinity), numberOr(schema.exclusiveMaximum, Infinity));
  if (schema.type === 'integer' || schema.multipleOf !== undefined) {
    const step = numberOr(schema.multipleOf, 1);
    const above = Math.ceil(low / step) * step;
    const below = Math.floor(high / step) * step;
    const lowest = above === schema.exclusiveMinimum ? above + step : above;
    const highest = below === schema.exclusiveMaximum ? below - step : below;
    return Math.min(highest, Math.max(lowest, Math.ceil(1 / step) * step));
  }
  if (low < 1 && 1 < high) return 1;
  if (high === Infinity) return low + 1;
  return low === -Infinity ? high - 1 : (low + high) / 2;
}

function typeOf(schema: Record<string, unknown>, depth: number): unknown {
  const { type } = schema;
  if (Array.isArray(type)) {
    return depth >= depthMax && type.includes('null') ? 'null' : type.find((name) => name !== 'null');
  }
  if (type !== undefined) return type;
  if (isJsonObject(schema.properties)) return 'object';
  return schema.items === undefined ? 'string' : 'array';
}

function choose(choices: unknown[], depth: number): unknown {
  const isNull = (choice: unknown) => isJsonObject(choice) && choice.type === 'null';
  const real = choices.find((choice) => !isNull(choice)) ?? choices[0];
  return depth >= depthMax ? (choices.find(isNull) ?? real) : real;
}

function merge(
  schema: Record<string, unknown>,
  parts: unknown[],
  root: Record<string, unknown>,
): Record<string, unknown> {
  const { allOf: _, ...merged } = schema;
  for (const part of parts) {
    const known = isJsonObject(part) && typeof part.$ref === 'string' ? resolve(part.$ref, root) : part;
    if (!isJsonObject(known)) continue;
    const properties = {
      ...(isJsonObject(merged.properties) && merged.properties),
      ...(isJsonObject(known.properties) && known.properties),
    };
    Object.assign(merged, known, Object.keys(properties).length > 0 && { properties });
  }
  return merged;
}

/** What `#/$defs/name` and the like point at; undefined for anything else. */
function resolve(pointer: string, root: Record<string, unknown>): unknown {
  let found: unknown = pointer.startsWith('#') ? root : undefined;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    found = isJsonObject(found) ? found[name] : undefined;
  }
  return found;
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
