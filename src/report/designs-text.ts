/**
 * The table of designs as text: a matrix of designs and scenarios with a letter for each kind of finding, and what is not as expected.
 * No kernel counterpart.
 */
import { differences, type Cell, type FindingKind } from '../campaign/design-cell.ts';
import { count, seconds, WIDTH, wrapText, wrapWords } from './layout.ts';
import { PLAIN, type Paint } from './paint.ts';
import { tableLines, type Column } from './table.ts';

export interface DesignsTable {
  readonly cells: readonly Cell[];
  /** How many there should be. */
  readonly planned: number;
  readonly seed: number;
  readonly elapsedMs: number;
  readonly interrupted: boolean;
}

/** What is worst stands first in a cell. */
const LETTERS: Readonly<Record<FindingKind, string>> = {
  deadlock: 'D',
  'hung-task': 'H',
  'lock-order': 'O',
  'recursive-lock': 'R',
  'use-after-free': 'U',
  'data-race': 'r',
  'stale-write': 's',
  leak: 'l',
  invariant: 'i',
  assertion: 'a',
  'guest-error': 'g',
};
const CELL = 3;
/** Between two columns of a table. */
const GAP = 2;
/** Between two names of scenarios. */
const LEGEND_GAP = '   ';

/** `cost`: lines of what the designs cost, if that was asked for. */
export function designsText(table: DesignsTable, cost: readonly string[], paint: Paint = PLAIN): string {
  const { cells, seed, elapsedMs } = table;
  const schedules = cells.reduce((sum, cell) => sum + cell.schedules, 0);
  const head = `apemu designs: ${count(cells.length, 'cell')}, ${schedules.toLocaleString('en-US')} schedules in ${seconds(elapsedMs)} (seed ${seed})`;
  const lines = [paint.bold(head), ...matrices(cells).flatMap((lines) => ['', ...lines]), '', ...legend(cells)];
  const differ = cells.flatMap((cell) => differences(cell).map((what) => ({ cell, what })));
  if (differ.length > 0) {
    lines.push('', paint.bold('Not as expected'));
    for (const { cell, what } of differ) {
      lines.push(...wrapText(`${cell.design}, ${cell.scenario}: ${what}`, '  ', '    '));
      if (cell.replay !== null) lines.push(`    apemu replay ${cell.replay}`);
    }
  }
  if (cost.length > 0) lines.push('', paint.bold('Cost'), ...cost);
  return `${[...lines, '', verdict(table, paint)].join('\n')}\n`;
}

function verdict({ cells, planned, interrupted }: DesignsTable, paint: Paint): string {
  const differ = cells.filter((cell) => differences(cell).length > 0).length;
  if (interrupted) return paint.bad(`interrupted: ${cells.length} of ${count(planned, 'cell')} done`);
  if (differ > 0) return paint.bad(`FAILED: ${differ} of ${count(planned, 'cell')} not as expected`);
  return paint.good(`ok: ${count(planned, 'cell')}, all as expected`);
}

/** Scenarios with the same designs stand in one matrix, as far as the width allows. */
function matrices(cells: readonly Cell[]): string[][] {
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
  const groups = new Map<string, string[]>();
  for (const scenario of scenarios) {
    const key = cells
      .filter((cell) => cell.scenario === scenario)
      .map(({ design }) => design)
      .join();
    groups.set(key, [...(groups.get(key) ?? []), scenario]);
  }
  return [...groups].flatMap(([key, names]) => {
    const designs = key.split(',');
    const room = WIDTH - GAP - Math.max(...designs.map((design) => labelOf(design).length));
    return blocks(names, room, (name) => columnWidth(cells, name)).map((block) => matrix(cells, designs, block));
  });
}

/** As many of the names beside each other as there is room for. */
function blocks(names: readonly string[], room: number, widthOf: (name: string) => number): string[][] {
  const found: string[][] = [];
  let used = room;
  for (const name of names) {
    const width = GAP + widthOf(name);
    if (used + width > room) {
      found.push([]);
      used = 0;
    }
    found.at(-1)!.push(name);
    used += width;
  }
  return found;
}

/** The heading is a number of two digits at most. */
const columnWidth = (cells: readonly Cell[], name: string): number =>
  Math.max(2, ...cells.filter(({ scenario }) => scenario === name).map((cell) => cellText(cell).length));

function matrix(cells: readonly Cell[], designs: readonly string[], scenarios: readonly string[]): string[] {
  const columns: Column[] = [{ title: 'design' }, ...headings(scenarios).map((title) => ({ title }))];
  const rows = designs.map((design) => [
    labelOf(design),
    ...scenarios.map((scenario) => cellText(cells.find((cell) => cell.design === design && cell.scenario === scenario))),
  ]);
  const table = tableLines(columns, rows);
  const names = scenarios.map((scenario, i) => `${columns[i + 1]!.title.padStart(2)}  ${scenario}`);
  const longest = Math.max(...names.map(({ length }) => length));
  const told = wrapWords(
    names.map((name) => name.padEnd(longest)),
    WIDTH - 2,
    LEGEND_GAP,
  );
  return [...told.map((line) => `  ${line}`.trimEnd()), '', ...table];
}

/** A design of one's own is called by its file's name. */
const labelOf = (design: string): string => design.split('/').at(-1)!;

/** Numbers: letters are findings. */
const headings = (scenarios: readonly string[]): string[] => scenarios.map((_, i) => String(i + 1));

function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  const letters = Object.keys(LETTERS)
    .filter((kind) => cell.kinds.includes(kind as FindingKind))
    .map((kind) => LETTERS[kind as FindingKind]);
  const shown = letters.length === 0 ? ['.'] : letters;
  const text = differences(cell).length === 0 ? shown.join('') : `!${shown.join('')}`;
  return text.length > CELL ? `${text.slice(0, CELL - 1)}+` : text;
}

function legend(cells: readonly Cell[]): string[] {
  const seen = Object.entries(LETTERS).filter(([kind]) => cells.some(({ kinds }) => kinds.includes(kind as FindingKind)));
  const words = ['. nothing found', ...seen.map(([kind, letter]) => `${letter} ${kind}`), '+ more', '! not as expected'];
  return wrapWords(words, WIDTH - 2, ', ').map((line) => `  ${line}`);
}
