export interface Difference {
  day: number;
  organizationId: string;
  what: string;
  expected: string;
  found: string;
}

/** Whatever is not as it must be. Of each organization only the first ones count: others follow from them. */
export class Differences {
  readonly all: Difference[] = [];
  day = 0;
  readonly #counts = new Map<string, number>();

  isSound(organizationId: string): boolean {
    return !this.#counts.has(organizationId);
  }

  add(organizationId: string, what: string, expected: string | number, found: string | number): void {
    const count = (this.#counts.get(organizationId) ?? 0) + 1;
    this.#counts.set(organizationId, count);
    if (count > shownMax) return;
    this.all.push({ day: this.day, organizationId, what, expected: String(expected), found: String(found) });
  }

  compare(organizationId: string, what: string, expected: string | number, found: string | number): void {
    if (expected !== found) this.add(organizationId, what, expected, found);
  }
}

const shownMax = 5;
