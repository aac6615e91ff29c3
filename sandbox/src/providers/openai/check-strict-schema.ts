import { isJsonObject } from '../../field-rules.ts';
import type { Reply } from '../../send-reply.ts';
import { failure } from './replies.ts';

/**
 * Refuses a format with `strict` whose schema OpenAI would not take: every object must list all its fields as required
 * and allow no others. `param` is the field that holds the format. Null for all others.
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function checkStrictSchema(param: string, format: unknown): Reply | null {
  if (!isJsonObject(format) || format.strict !== true || !isJsonObject(format.schema)) return null;
  const { schema } = format;
  const problem =
    schema.type === 'object'
      ? findProblem(schema, [])
      : `schema must be a JSON Schema of 'type: "object"', got 'type: "${schema.type}"'.`;
  if (problem === null) return null;
  const message = `Invalid schema for response_format '${format.name}': ${problem}`;
  return failure(400, { message, param, code: 'invalid_json_schema' });
}

function findProblem(schema: unknown, path: readonly string[]): string | null {
  if (!isJsonObject(schema)) return null;
  const context = `In context=(${path.map((step) => `'${step}'`).join(', ')}),`;
  if (isJsonObject(schema.properties)) {
    if (schema.additionalProperties !== false) {
      return `${context} 'additionalProperties' is required to be supplied and to be false.`;
    }
    const required = Array.isArray(schema.required) ? schema.required : [];
    const missing = Object.keys(schema.properties).find((name) => !required.includes(name));
    if (missing !== undefined) {
      return `${context} 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
    }
  }
  for (const [steps, part] of partsOf(schema)) {
    const problem = findProblem(part, [...path, ...steps]);
    if (problem !== null) return problem;
  }
  return null;
}

function partsOf(schema: Record<string, unknown>): [string[], unknown][] {
  const parts: [string[], unknown][] = [];
  for (const holder of ['properties', '$defs', 'definitions']) {
    const held = schema[holder];
    if (!isJsonObject(held)) continue;
    for (const [name, part] of Object.entries(held)) parts.push([[holder, name], part]);
  }
  if (schema.items !== undefined) parts.push([['items'], schema.items]);
  if (Array.isArray(schema.anyOf)) {
    for (const [index, part] of schema.anyOf.entries()) parts.push([['anyOf', String(index)], part]);
  }
  return parts;
}
