/** What a provider documents about one field of a request body. */
export interface FieldRule {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array';
  isRequired?: boolean;
  isNullable?: boolean;
  values?: readonly string[];
  pattern?: RegExp;
  /** Bounds of a number, or of the length of a string or array. */
  min?: number;
  max?: number;
  multipleOf?: number;
  item?: FieldRule;
  fields?: FieldRules;
}

export type FieldRules = Readonly<Record<string, FieldRule>>;

export interface Violation {
  kind: 'unknown' | 'required' | 'type' | 'enum' | 'pattern' | 'min' | 'max' | 'length_min' | 'length_max' | 'multiple';
  /** Names and indices from the body down to the field. */
  path: readonly (string | number)[];
  rule: FieldRule | null;
  value: unknown;
}

/** Everything in `body` that the provider does not document, in the order of the rules. */
export function findViolations(body: Record<string, unknown>, rules: FieldRules): Violation[] {
  const violations: Violation[] = [];
  checkFields(body, rules, [], violations);
  return violations;
}

/** Narrows to a JSON object; arrays and null are none. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name of a value's JSON type. */
export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

type Path = readonly (string | number)[];

function checkFields(value: Record<string, unknown>, rules: FieldRules, path: Path, out: Violation[]): void {
  for (const [name, rule] of Object.entries(rules)) {
    const field = value[name];
    if (field !== undefined) checkValue(field, rule, [...path, name], out);
    else if (rule.isRequired) out.push({ kind: 'required', path: [...path, name], rule, value: undefined });
  }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(rules, name))
      out.push({ kind: 'unknown', path: [...path, name], rule: null, value: value[name] });
  }
}

function checkValue(value: unknown, rule: FieldRule, path: Path, out: Violation[]): void {
  if (value === null && rule.isNullable) return;
  const report = (kind: Violation['kind']) => out.push({ kind, path, rule, value });
  if (!hasType(value, rule.type)) {
    report('type');
  } else if (typeof value === 'string') {
    if (rule.values && !rule.values.includes(value)) report('enum');
    else if (rule.pattern && !rule.pattern.test(value)) report('pattern');
    else checkLength(value.length, rule, report);
  } else if (typeof value === 'number') {
    if (rule.min !== undefined && value < rule.min) report('min');
    else if (rule.max !== undefined && value > rule.max) report('max');
    else if (rule.multipleOf !== undefined && value % rule.multipleOf !== 0) report('multiple');
  } else if (Array.isArray(value)) {
    checkLength(value.length, rule, report);
    const { item } = rule;
    if (item) for (const [index, entry] of value.entries()) checkValue(entry, item, [...path, index], out);
  } else if (isJsonObject(value) && rule.fields) {
    checkFields(value, rule.fields, path, out);
  }
}

function checkLength(length: number, rule: FieldRule, report: (kind: Violation['kind']) => void): void {
  if (rule.min !== undefined && length < rule.min) report('length_min');
  else if (rule.max !== undefined && length > rule.max) report('length_max');
}

function hasType(value: unknown, type: FieldRule['type']): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isJsonObject(value);
  return typeof value === type;
}
