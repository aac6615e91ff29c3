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
  #waiting: Waiting<Item, Result>[] = [];
  #lanes = 0;

  /**
   * @param run takes the items and gives one result for each, in the same order; a rejection is every item's.
   * @param lanesMax calls under way at once; one is enough for a store that serializes anyway.
   */
  constructor(run: (items: Item[]) => Promise<Result[]>, options: { sizeMax: number; lanesMax?: number }) {
    this.#run = run;
    this.#sizeMax = options.sizeMax;
    this.#lanesMax = options.lanesMax ?? 1;
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
    try {
      const results = await this.#run(batch.map((entry) => entry.item));
      if (results.length !== batch.length) throw new Error(`a batch of ${batch.length} gave ${results.length} results`);
      // The next call starts before these callers go on, so that the store is never idle for them.
      this.#lanes -= 1;
      this.#next();
      for (const [index, entry] of batch.entries()) entry.resolve(results[index] as Result); // lengths are equal
    } catch (error) {
      this.#lanes -= 1;
      this.#next();
      for (const entry of batch) entry.reject(error);
    }
  }
}

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}
