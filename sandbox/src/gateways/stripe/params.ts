import type { FormFields, FormValue } from './parse-form.ts';
import { StripeError } from './stripe-error.ts';

export type Metadata = Record<string, string>;

interface Range {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

const metadataKeysMax = 50;
const metadataValueMax = 500;

/**
 * The parameters of one call. Each is read by name; what nobody has read when the call is done is unknown to the sandbox
 * and refused, as Stripe refuses what it does not know.
 */
export class Params {
  readonly #fields: FormFields;
  readonly #path: string;
  readonly #read = new Set<string>();
  readonly #inner: Params[] = [];

  constructor(fields: FormFields, path = '') {
    this.#fields = fields;
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  /** Undefined when absent. An empty text, with which Stripe unsets a field, stays one. */
  text(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.#invalid(name, 'Invalid string', JSON.stringify(value));
  }

  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw this.missing(name);
    if (value === '') {
      const message = `You passed an empty string for '${this.pathOf(name)}'.`;
      throw new StripeError(message, { code: 'parameter_invalid_empty', param: this.pathOf(name) });
    }
    return value;
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.#invalid(name, `Invalid ${name}: must be one of ${choices.join(', ')}`, value);
    return found;
  }

  integer(name: string, range: { min?: number; max?: number } = {}): number | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    if (!/^-?\d{1,15}$/.test(value)) throw this.#invalid(name, 'Invalid integer', value, 'parameter_invalid_integer');
    const number = Number(value);
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = range;
    if (number < min || number > max) {
      throw this.#invalid(name, `Must be from ${min} to ${max}`, value, 'parameter_invalid_integer');
    }
    return number;
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    if (value !== 'true' && value !== 'false') throw this.#invalid(name, 'Invalid boolean', value);
    return value === 'true';
  }

  /** A nested hash; undefined when absent or unset by an empty text. */
  group(name: string): Params | undefined {
    const value = this.#take(name);
    if (value === undefined || value === '') return undefined;
    if (typeof value === 'string' || Array.isArray(value)) throw this.#invalid(name, 'Invalid object', String(value));
    return this.#nest(value, this.pathOf(name));
  }

  groups(name: string): Params[] {
    const value = this.#take(name);
    if (value === undefined || value === '') return [];
    if (!Array.isArray(value)) throw this.#invalid(name, 'Invalid array', String(value));
    return value.map((item, index) => {
      const path = `${this.pathOf(name)}[${index}]`;
      if (typeof item === 'string' || Array.isArray(item)) throw new StripeError('Invalid object', { param: path });
      return this.#nest(item, path);
    });
  }

  texts(name: string): string[] {
    const value = this.#take(name);
    if (value === undefined || value === '') return [];
    const items = Array.isArray(value) ? value : [value];
    return items.map((item) => {
      if (typeof item !== 'string') throw this.#invalid(name, 'Invalid array', JSON.stringify(item));
      return item;
    });
  }

  /** `before` with what was sent: an empty value removes its key, an empty hash removes all. */
  metadata(before: Metadata = {}, name = 'metadata'): Metadata {
    const value = this.#take(name);
    if (value === undefined) return before;
    if (value === '') return {};
    if (typeof value === 'string' || Array.isArray(value)) throw this.#invalid(name, 'Invalid object', String(value));
    const merged = { ...before };
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string' || text.length > metadataValueMax) throw this.#invalid(name, 'Invalid value', key);
      if (text === '') delete merged[key];
      else merged[key] = text;
    }
    if (Object.keys(merged).length > metadataKeysMax) throw this.#invalid(name, 'Too many keys', '50 at most');
    return merged;
  }

  /** A point or range of time: `created=1` or `created[gte]=1`. */
  isInRange(name: string): (time: number) => boolean {
    const value = this.#fields[name];
    if (value === undefined || typeof value === 'string') {
      const point = this.integer(name);
      return (time) => point === undefined || time === point;
    }
    const range = this.group(name);
    const read = (bound: keyof Range, fallback: number) => range?.integer(bound) ?? fallback;
    const { gt, gte } = { gt: read('gt', -1), gte: read('gte', 0) };
    const { lt, lte } = { lt: read('lt', Number.POSITIVE_INFINITY), lte: read('lte', Number.POSITIVE_INFINITY) };
    return (time) => time > gt && time >= gte && time < lt && time <= lte;
  }

  /** Names that Stripe documents and that change nothing here. */
  ignore(...names: string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Refuses what has not been read. */
  done(): void {
    const unknown = Object.keys(this.#fields).find((name) => !this.#read.has(name));
    if (unknown !== undefined) {
      const param = this.pathOf(unknown);
      throw new StripeError(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param });
    }
    for (const inner of this.#inner) inner.done();
  }

  missing(name: string): StripeError {
    const param = this.pathOf(name);
    return new StripeError(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }

  pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}[${name}]`;
  }

  #take(name: string): FormValue | undefined {
    this.#read.add(name);
    return this.#fields[name];
  }

  #nest(fields: FormFields, path: string): Params {
    const inner = new Params(fields, path);
    this.#inner.push(inner);
    return inner;
  }

  #invalid(name: string, what: string, value: string, code?: string): StripeError {
    return new StripeError(`${what}: ${value}`, { param: this.pathOf(name), ...(code !== undefined && { code }) });
  }
}
