/** One arrival of a paid POST, whatever became of it. */
export interface Call {
  id: number;
  atMs: number;
  provider: string;
  method: string;
  path: string;
  prompt: string;
  /** The provider took the task on. */
  isAccepted: boolean;
  /** The provider took the task on and charges for it. */
  isBilled: boolean;
  taskId: string | null;
  /** Null while the answer is under way, and for ever when none was given. */
  statusCode: number | null;
  /** What the provider charges for; null where it charges nothing or does not count tokens. */
  tokensIn: number | null;
  tokensOut: number | null;
  idempotencyHeaders: Record<string, string>;
  requestId: string | null;
  /** The last four characters of the key. */
  authorizationHint: string | null;
  body: unknown;
}

const callsMax = 20_000;

/** What arrived at the providers: the oracle that tests compare the product's own books with. Keeps the last 20,000. */
export class CallBook {
  readonly #ring: Call[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Writes an arrival down; the caller completes the entry as the call goes on. */
  open(call: Omit<Call, 'id'>): Call {
    const entry: Call = { id: this.#count + 1, ...call };
    this.#ring[this.#count % callsMax] = entry;
    this.#count += 1;
    return entry;
  }

  /** Oldest first. */
  list(matches: (call: Call) => boolean): Call[] {
    const found: Call[] = [];
    for (let index = Math.max(0, this.#count - callsMax); index < this.#count; index += 1) {
      const call = this.#ring[index % callsMax];
      if (call && matches(call)) found.push(call);
    }
    return found;
  }
}
