import * as z from 'zod';

/** The part of JSON Schema that the document uses. */
export interface Schema {
  $ref?: string;
  type?: string | readonly string[];
  format?: string;
  pattern?: string;
  enum?: readonly unknown[];
  const?: unknown;
  example?: unknown;
  examples?: readonly unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
}

export interface Operation {
  /** `post /api/v1/jobs` */
  name: string;
  method: string;
  path: string;
  parameters: readonly Parameter[];
  body: Schema | null;
  /** The content types of each declared status; empty: no body. */
  responses: Readonly<Record<string, readonly string[]>>;
  /** Whether a valid call may cost credits: it says what it answers when there are none. */
  isOrder: boolean;
  /** Whether somebody must be known to get anything but a refusal. */
  isProtected: boolean;
}

const schema = z.custom<Schema>((value) => typeof value === 'object' && value !== null);
const content = z.record(z.string(), z.object({ schema })).optional();
const parameter = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean().default(false),
  schema,
});
const operation = z.object({
  security: z.array(z.record(z.string(), z.unknown())).default([]),
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.object({ content })),
});
const document = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.unknown(),
});

/**
 * Every operation of an OpenAPI document, references put in place.
 * @throws Error when it is not such a document
 */
export function readOperations(text: string): Operation[] {
  const raw: unknown = JSON.parse(text);
  const { paths } = document.parse(resolveReferences(raw, raw, 0));
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      name: `${method} ${path}`,
      method: method.toUpperCase(),
      path,
      parameters: described.parameters,
      body: Object.values(described.requestBody?.content ?? {})[0]?.schema ?? null,
      responses: Object.fromEntries(
        Object.entries(described.responses).map(([status, { content: types = {} }]) => [status, Object.keys(types)]),
      ),
      isProtected: described.security.length > 0 && described.security.every((way) => Object.keys(way).length > 0),
      isOrder: method !== 'get' && '402' in described.responses,
    })),
  );
}

/** Deep enough for every request; a schema that contains itself would never end. */
const depthMax = 40;

function resolveReferences(value: unknown, root: unknown, depth: number): unknown {
  if (depth > depthMax || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => resolveReferences(item, root, depth + 1));
  if ('$ref' in value && typeof value.$ref === 'string') {
    return resolveReferences(findReference(value.$ref, root), root, depth + 1);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, resolveReferences(member, root, depth + 1)]),
  );
}

function findReference(reference: string, root: unknown): unknown {
  const steps = reference.replace(/^#\//, '').split('/');
  return steps.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Object.entries(at).find(([key]) => key === step)?.[1] : {}),
    root,
  );
}
