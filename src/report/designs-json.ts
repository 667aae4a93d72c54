/**
 * The table of designs as JSON: a list of cells, or, with what the designs cost, an object with both. No kernel counterpart.
 */
import { differences, type Cell } from '../campaign/design-cell.ts';
import type { DesignCost } from '../scenario/design-cost.ts';

/** One document and a newline. */
export function designsJson(cells: readonly Cell[], costs: readonly DesignCost[]): string {
  const list = cells.map(cellJson);
  return `${JSON.stringify(costs.length === 0 ? list : { cells: list, costs }, rounded, 2)}\n`;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value;
}

function cellJson(cell: Cell): object {
  const { design, scenario, verdict, kinds, schedulesToFirst, replay, expected, schedules } = cell;
  return {
    ...{ design, scenario, verdict, kinds, schedulesToFirst },
    ...(replay === null ? {} : { replay }),
    ...{ expected, schedules, differences: differences(cell) },
  };
}
