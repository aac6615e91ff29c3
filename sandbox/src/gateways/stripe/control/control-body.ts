import { StripeError } from '../stripe-error.ts';

/** The JSON body of a control call, read by name. */
export class ControlBody {
  readonly #fields: Map<string, unknown>;

  constructor(body: unknown) {
    this.#fields = new Map(Object.entries(parse(body)));
  }

  text(name: string): string | undefined {
    const value = this.#fields.get(name);
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
    throw new StripeError(`${name} must be a text`);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new StripeError(`${name} must be one of ${choices.join(', ')}`);
    return found;
  }

  /** Cents, or a number of times. */
  amount(name: string): number | undefined {
    const value = this.#fields.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw new StripeError(`${name} must be a whole number above 0`);
  }

  flag(name: string): boolean | undefined {
    const value = this.#fields.get(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw new StripeError(`${name} must be true or false`);
  }
}

function parse(body: unknown): object {
  if (typeof body !== 'string' || body === '') return {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // Told in our own words below.
  }
  throw new StripeError('the body must be a JSON object');
}
