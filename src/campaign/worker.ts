/**
 * What a thread of a campaign runs: one batch, or one cell of a table, after another, each built from its text. No kernel counterpart.
 */
import type { Budget } from '../explore/explorer.ts';
import { exploreCell, type Cell, type CellWork } from './design-cell.ts';
import { exploreUnit, type UnitResult } from './explore-unit.ts';
import type { CampaignUnit } from './unit.ts';

export interface Batch {
  readonly unit: CampaignUnit;
  readonly budget: Budget;
}

/** Called by name from the pool. */
export const batch = ({ unit, budget }: Batch): Promise<UnitResult> => exploreUnit(unit, budget);

/** Called by name from the table of designs. */
export const cell = (work: CellWork): Promise<Cell> => exploreCell(work);
