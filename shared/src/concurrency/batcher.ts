/**
 * Turns many single calls into few calls with many items, without a timer: while one call is under way the next items
 * gather, and go out together when it returns. An idle caller's item goes out at once, alone.
 *
 * Why: a commit costs the same for one row as for a hundred, and one hot account would otherwise make its callers queue
 * for its lock one by one.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: Item[]) => Promise<Result[]>;
  readonly #sizeMax: number;
  readonly #lanesMax: number;
  readonly #isItemError: (error: unknown) => boolean;
  #waiting: Waiting<Item, Result>[] = [];
  #lanes = 0;

  /**
   * @param run takes the items and gives one result for each, in the same order.
   * @param options.lanesMax calls under way at once; one is enough for a store that serializes anyway.
   * @param options.isItemError says of a failure that nothing was written and one item may be to blame: then each item is
   *   run alone, so that nobody suffers for a neighbour. Any other failure is every item's.
   */
  constructor(
    run: (items: Item[]) => Promise<Result[]>,
    options: { sizeMax: number; lanesMax?: number; isItemError?: (error: unknown) => boolean },
  ) {
    this.#run = run;
    this.#sizeMax = options.sizeMax;
    this.#lanesMax = options.lanesMax ?? 1;
    this.#isItemError = options.isItemError ?? (() => false);
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      // Not at once: requests that arrive in the same turn of the event loop go together.
      if (this.#waiting.length === 1 && this.#lanes < this.#lanesMax) setImmediate(() => this.#next());
    });
  }

  #next(): void {
    while (this.#lanes < this.#lanesMax && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#sizeMax);
      this.#lanes += 1;
      void this.#send(batch);
    }
  }

  async #send(batch: Waiting<Item, Result>[]): Promise<void> {
    const outcome = await this.#attempt(batch);
    // The next call starts before these callers go on, so that the store is never idle for them.
    this.#lanes -= 1;
    this.#next();
    if ('results' in outcome) {
      for (const [index, entry] of batch.entries()) entry.resolve(outcome.results[index] as Result); // lengths are equal
    } else if (batch.length > 1 && this.#isItemError(outcome.error)) {
      for (const entry of batch) void this.#sendAlone(entry);
    } else {
      for (const entry of batch) entry.reject(outcome.error);
    }
  }

  async #sendAlone(entry: Waiting<Item, Result>): Promise<void> {
    const outcome = await this.#attempt([entry]);
    if ('results' in outcome)
      entry.resolve(outcome.results[0] as Result); // one item gave one result
    else entry.reject(outcome.error);
  }

  async #attempt(batch: Waiting<Item, Result>[]): Promise<{ results: Result[] } | { error: unknown }> {
    try {
      const results = await this.#run(batch.map((entry) => entry.item));
      if (results.length !== batch.length) throw new Error(`a batch of ${batch.length} gave ${results.length} results`);
      return { results };
    } catch (error) {
      return { error };
    }
  }
}

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}
