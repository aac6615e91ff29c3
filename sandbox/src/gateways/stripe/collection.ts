export interface Stored {
  id: string;
  created: number;
}

/** Old objects give way, so that a sandbox that runs for days does not eat the machine. */
const keptMax = 20_000;

/** A map whose oldest entries give way. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>();

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > keptMax) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  values(): V[] {
    return [...this.#entries.values()];
  }
}

/** All objects of one kind, in order of creation. */
export class Collection<T extends Stored> {
  readonly #byId = new BoundedMap<T>();

  add(object: T): T {
    this.#byId.set(object.id, object);
    return object;
  }

  find(id: string | null | undefined): T | undefined {
    return typeof id === 'string' ? this.#byId.get(id) : undefined;
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  newestFirst(matches: (object: T) => boolean = () => true): T[] {
    return this.#byId.values().filter(matches).reverse();
  }
}
