import { type FieldRule, type FieldRules, findViolations, jsonType, type Violation } from '../field-rules.ts';

/** Fields that may have one of several shapes, such as a string or a list of parts. The first says whether it must be there. */
export type FieldShapes = Readonly<Record<string, readonly [FieldRule, ...FieldRule[]]>>;

/** The first thing in `body` that the provider does not document, or null. */
export function findViolation(body: Record<string, unknown>, rules: FieldRules, shapes: FieldShapes): Violation | null {
  const chosen = Object.entries(shapes).map(([name, [first, ...others]]) => {
    const fitting = [first, ...others].find((rule) => hasShape(body[name], rule));
    return [name, fitting ?? first] as const;
  });
  return findViolations(body, { ...Object.fromEntries(chosen), ...rules })[0] ?? null;
}

/** The same violation, seen from an object that holds the checked one at `path`. */
export function below(path: readonly (string | number)[], violation: Violation): Violation {
  return { ...violation, path: [...path, ...violation.path] };
}

function hasShape(value: unknown, rule: FieldRule): boolean {
  const type = jsonType(value);
  return type === rule.type || (type === 'integer' && rule.type === 'number');
}
