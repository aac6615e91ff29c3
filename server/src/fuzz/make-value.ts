import fc from 'fast-check';
import { makeUuid, type Random } from './random.ts';
import type { Schema } from './read-operations.ts';

/** Values for fields that a schema alone cannot know: ids of rows, names of models. Undefined: the schema decides. */
export type Known = (name: string, schema: Schema) => unknown;

const words = ['kite', 'lighthouse', 'a red boat at dusk', 'São Paulo', 'fuzz'];

/** A value that the schema takes, as far as it tells. */
export function makeValue(schema: Schema, random: Random, known: Known, name = ''): unknown {
  const given = known(name, schema);
  if (given !== undefined) return given;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined && choices.length > 0) return makeValue(random.pick(choices), random, known, name);
  if (schema.allOf !== undefined) return makeAll(schema.allOf, random, known);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined && schema.enum.length > 0) return random.pick(schema.enum);
  switch (typeOf(schema, random)) {
    case 'object':
      return makeObject(schema, random, known);
    case 'array':
      return makeArray(schema, random, known, name);
    case 'integer':
    case 'number':
      return makeNumber(schema, random);
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    case 'string':
      return makeText(schema, random);
    default:
      return random.pick<unknown>(['x', 1, true, null, ['y'], { z: 1 }]);
  }
}

function typeOf({ type, properties }: Schema, random: Random): string | undefined {
  if (type === undefined) return properties === undefined ? undefined : 'object';
  return typeof type === 'string' ? type : random.pick(type);
}

function makeAll(parts: readonly Schema[], random: Random, known: Known): unknown {
  return Object.assign({}, ...parts.map((part) => makeValue(part, random, known)));
}

function makeObject(schema: Schema, random: Random, known: Known): Record<string, unknown> {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties ?? {}).flatMap(([key, member]) =>
    required.has(key) || random.chance(0.35) ? [[key, makeValue(member, random, known, key)] as const] : [],
  );
  const more = schema.additionalProperties;
  const extra =
    typeof more === 'object' && schema.properties === undefined
      ? words.slice(0, random.below(3)).map((word) => [word, makeValue(more, random, known)] as const)
      : [];
  return Object.fromEntries([...members, ...extra]);
}

function makeArray(schema: Schema, random: Random, known: Known, name: string): unknown[] {
  const least = schema.minItems ?? 0;
  const length = Math.min(least + random.below(3), schema.maxItems ?? 3);
  return Array.from({ length }, () => makeValue(schema.items ?? {}, random, known, name));
}

function makeNumber(schema: Schema, random: Random): number {
  const least = schema.minimum ?? (schema.exclusiveMinimum ?? -1) + 1;
  const most = schema.maximum ?? least + 10;
  const step = schema.multipleOf ?? 1;
  const span = Math.max(0, Math.floor((Math.min(most, least + 1_000) - least) / step));
  const within = Math.ceil(least / step) * step + random.below(span + 1) * step;
  return random.pick([within, within, Math.max(least, Math.min(most, within))]);
}

function makeText(schema: Schema, random: Random): string {
  switch (schema.format) {
    case 'uuid':
      return makeUuid(random);
    case 'date-time':
      return `20${25 + random.below(60)}-01-01T00:00:00Z`;
    case 'uri':
      return 'https://images.example.com/start.png';
    case 'email':
      return `fuzz-${makeUuid(random)}@fuzz.test`;
  }
  if (schema.pattern !== undefined) return makeMatch(schema.pattern, random);
  const text = random.pick(words);
  const least = schema.minLength ?? 0;
  return text.padEnd(least, 'x').slice(0, Math.max(least, schema.maxLength ?? text.length));
}

function makeMatch(pattern: string, random: Random): string {
  const [text = ''] = fc.sample(fc.stringMatching(new RegExp(pattern, 'u')), {
    seed: random.below(2 ** 31),
    numRuns: 1,
  });
  return text;
}
