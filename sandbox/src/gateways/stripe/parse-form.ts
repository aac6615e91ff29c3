export type FormValue = string | FormValue[] | FormFields;
export interface FormFields {
  [name: string]: FormValue;
}

const depthMax = 8;

/** Reads `a=1&b[c]=2&d[0][e]=3&f[]=4`: the encoding of Stripe's bodies and query strings. */
export function parseForm(text: string): FormFields {
  const fields = emptyFields();
  for (const [name, value] of new URLSearchParams(text)) put(fields, splitName(name), value);
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, withArrays(value)]));
}

function emptyFields(): FormFields {
  return Object.create(null); // Names come from outside: `__proto__` is one like any other.
}

function splitName(name: string): string[] {
  const open = name.indexOf('[');
  if (open <= 0) return [name];
  const inner = [...name.slice(open).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '');
  return [name.slice(0, open), ...inner].slice(0, depthMax);
}

function put(fields: FormFields, path: string[], value: string): void {
  const [first = '', ...rest] = path;
  const name = first === '' ? String(Object.keys(fields).length) : first;
  if (rest.length === 0) {
    fields[name] = value;
    return;
  }
  let inner = fields[name];
  if (typeof inner !== 'object' || Array.isArray(inner)) {
    inner = emptyFields();
    fields[name] = inner;
  }
  put(inner, rest, value);
}

/** Turns what is numbered 0, 1, 2 … into arrays. */
function withArrays(value: FormValue): FormValue {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, withArrays(inner)] as const);
  const isArray = entries.length > 0 && entries.every(([name], index) => name === String(index));
  return isArray ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}
