import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';

const specsFolder = resolve(import.meta.dirname, '../../../../shared/specs');

/** For tests: whether the provider's published API description is at hand. */
export function hasSpec(file: string): boolean {
  return existsSync(resolve(specsFolder, file));
}

/** For tests: what is wrong with `body` by the named schema of a published API description; empty when nothing. */
export function specErrors(file: string, schemaName: string, body: unknown): ErrorObject[] {
  const spec: object = JSON.parse(readFileSync(resolve(specsFolder, file), 'utf8'), withoutLooseNullable);
  // Descriptions use keywords and formats beyond JSON Schema, which do not matter for the shape of a request.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, logger: false });
  ajv.addSchema(spec, 'spec');
  const validate = ajv.compile({ $ref: `spec#/components/schemas/${schemaName}` });
  validate(body);
  return validate.errors ?? [];
}

/** Descriptions write `nullable` beside `anyOf` too, where the validator does not allow it. */
function withoutLooseNullable(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('nullable' in value) || 'type' in value) return value;
  const { nullable: _nullable, ...rest } = value;
  return rest;
}
