/**
 * What a thread of a campaign runs: one batch after another, each built from its text. No kernel counterpart.
 */
import type { Budget } from '../explore/explorer.ts';
import { exploreUnit, type UnitResult } from './explore-unit.ts';
import type { CampaignUnit } from './unit.ts';

export interface Batch {
  readonly unit: CampaignUnit;
  readonly budget: Budget;
}

/** Called by name from the pool. */
export const batch = ({ unit, budget }: Batch): Promise<UnitResult> => exploreUnit(unit, budget);
