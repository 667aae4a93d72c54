/**
 * Tables of aligned columns that never exceed the width of a report: the columns that may be cut give way, widest first.
 * No kernel counterpart.
 */
import { cutMiddle, WIDTH } from './layout.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut in the middle when the table is too wide. */
  readonly elastic?: boolean;
}

const GAP = 2;
const SMALLEST = 8;

/** Title line and one line a row, each indented by two columns. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  for (const row of rows) {
    if (row.length !== columns.length)
      throw new Error(`table: expected ${columns.length} cells in each row, got ${row.length}: ${row.join(' | ')}`);
  }
  const widths = fit(columns, naturalWidths(columns, rows));
  const titles = columns.map(({ title }) => title);
  return [titles, ...rows].map((row) => line(columns, widths, row));
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ title }, i) => rows.reduce((width, row) => Math.max(width, row[i]!.length), title.length));
}

function fit(columns: readonly Column[], widths: number[]): number[] {
  let excess = widths.reduce((sum, width) => sum + width + GAP, 0) - WIDTH;
  while (excess > 0) {
    let widest = -1;
    for (const [i, column] of columns.entries()) {
      if (column.elastic === true && widths[i]! > SMALLEST && (widest < 0 || widths[i]! > widths[widest]!)) widest = i;
    }
    if (widest < 0) break;
    widths[widest]!--;
    excess--;
  }
  return widths;
}

function line(columns: readonly Column[], widths: readonly number[], row: readonly string[]): string {
  const cells = columns.map(({ align }, i) => {
    const cell = cutMiddle(row[i]!, widths[i]!);
    return align === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
  });
  return `${' '.repeat(GAP)}${cells.join(' '.repeat(GAP))}`.trimEnd();
}
