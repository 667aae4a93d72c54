/**
 * The table of designs as JSON: a list of cells. No kernel counterpart.
 */
import { differences, type Cell } from '../campaign/design-cell.ts';

/** One document and a newline. */
export function designsJson(cells: readonly Cell[]): string {
  return `${JSON.stringify(cells.map(cellJson), null, 2)}\n`;
}

function cellJson(cell: Cell): object {
  const { design, scenario, verdict, kinds, schedulesToFirst, replay, expected, schedules } = cell;
  return {
    ...{ design, scenario, verdict, kinds, schedulesToFirst },
    ...(replay === null ? {} : { replay }),
    ...{ expected, schedules, differences: differences(cell) },
  };
}
