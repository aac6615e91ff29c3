export interface Stored {
  id: string;
  created: number;
}

/** Old objects give way, so that a sandbox that runs for days does not eat the machine. */
const keptMax = 20_000;

/** All objects of one kind, in order of creation. */
export class Collection<T extends Stored> {
  readonly #byId = new Map<string, T>();

  add(object: T): T {
    this.#byId.set(object.id, object);
    if (this.#byId.size > keptMax) {
      const oldest = this.#byId.keys().next();
      if (!oldest.done) this.#byId.delete(oldest.value);
    }
    return object;
  }

  find(id: string | null | undefined): T | undefined {
    return typeof id === 'string' ? this.#byId.get(id) : undefined;
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  newestFirst(matches: (object: T) => boolean = () => true): T[] {
    return [...this.#byId.values()].filter(matches).reverse();
  }
}
