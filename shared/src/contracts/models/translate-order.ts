export type Translation = Record<string, unknown> | null;

/**
 * Makes the `translate` of an equal model: an input is read into an order in nobody's terms, and the other model's input
 * written from it. Both may say null: what a customer asked for is never dropped silently.
 */
export function translateBy<Input, Order>(
  read: (input: Input) => Order | null,
  write: (order: Order) => Translation,
): (input: Input) => Translation {
  return (input) => {
    const order = read(input);
    return order === null ? null : write(order);
  };
}

/** The fields that are not undefined. */
export function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
