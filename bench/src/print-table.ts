import type { Column, Row, Section } from './section.ts';

/** A section as text: title, aligned columns, notes. */
export function printTable({ title, columns, rows, notes }: Section): string {
  const cells = rows.map((row) => columns.map((column) => formatCell(row, column)));
  const widths = columns.map((column, index) =>
    Math.max(column.label.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const join = (line: readonly string[]) =>
    line
      .map((text, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.digits === undefined ? text.padEnd(width) : text.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [title, join(columns.map(({ label }) => label)), rule, ...cells.map(join), ...notes, ''].join('\n');
}

function formatCell(row: Row, { key, digits, suffix = '' }: Column): string {
  const value = row[key];
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  const shape = { minimumFractionDigits: digits ?? 0, maximumFractionDigits: digits ?? 0 };
  return `${value.toLocaleString('en-US', shape)}${suffix}`;
}
