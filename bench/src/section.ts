/** One table of the report: what is printed, and what `--json` holds. */
export interface Section {
  id: string;
  title: string;
  columns: readonly Column[];
  rows: Row[];
  /** What a reader must know to read the table right. */
  notes: readonly string[];
}

export interface Column {
  key: string;
  label: string;
  /** Digits after the point; columns without it are text and stand to the left. */
  digits?: number;
  suffix?: string;
}

/** Null where there is nothing to measure on this system or to compare with. */
export type Row = Record<string, string | number | null>;

/** How many times as much as the base; null when either is missing. */
export function ratioOf(value: number, base: number | undefined): number | null {
  return base === undefined || base === 0 ? null : value / base;
}
