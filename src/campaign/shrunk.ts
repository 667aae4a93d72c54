/**
 * The failures of a campaign as people want to see them: each as short and as little interleaved as it gets, with the orders that it needs.
 * No kernel counterpart.
 */
import { constraintsOf, type Constraint } from '../explore/constraints.ts';
import { MAX_STEPS } from '../explore/explorer.ts';
import type { FailingSchedule } from '../explore/result.ts';
import { shrinkSchedule } from '../explore/shrink-schedule.ts';
import { graded, type CampaignResult } from './campaign.ts';
import { programOf } from './explore-unit.ts';
import { isPrediction, type CampaignUnit } from './unit.ts';

/** Executions spent on each failure, at most. */
const EXECUTIONS = 1000;

export interface ShrunkCampaign {
  readonly campaign: CampaignResult;
  /** What must come before what for a failure; without an entry that is not known. */
  readonly constraints: ReadonlyMap<FailingSchedule, readonly Constraint[]>;
}

/** A failure that does not shrink stays as it is. */
export async function shrinkFailures(found: CampaignResult, unit: CampaignUnit, interrupted: () => boolean): Promise<ShrunkCampaign> {
  const work = new ShrinkWork(unit, interrupted);
  const failures = await work.all(found.result.failures);
  const predicted = await work.all(found.predicted);
  return { campaign: { ...found, result: { ...found.result, failures }, predicted }, constraints: work.constraints };
}

class ShrinkWork {
  readonly constraints = new Map<FailingSchedule, readonly Constraint[]>();
  private readonly unit: CampaignUnit;
  private readonly interrupted: () => boolean;

  constructor(unit: CampaignUnit, interrupted: () => boolean) {
    this.unit = unit;
    this.interrupted = interrupted;
  }

  async all(failures: readonly FailingSchedule[]): Promise<FailingSchedule[]> {
    const done: FailingSchedule[] = [];
    for (const failure of failures) done.push(this.interrupted() ? failure : await this.one(failure));
    return done;
  }

  private async one(failure: FailingSchedule): Promise<FailingSchedule> {
    const { unit, interrupted } = this;
    const program = programOf(unit);
    const settings = { seed: unit.seed, maxSteps: MAX_STEPS, maps: unit.wanted !== 'lockdep' };
    const shrunk = asGraded(failure, await shrinkSchedule(program, failure, { ...settings, executions: EXECUTIONS, interrupted }));
    // A lock order that was broken needs no order of steps.
    const constraints = interrupted() || isPrediction(shrunk.finding) ? null : await constraintsOf(program, shrunk, settings);
    if (constraints !== null) this.constraints.set(shrunk, constraints);
    return shrunk;
  }
}

/** What a campaign has confirmed stays so when the schedule is another one. */
export const asGraded = (failure: FailingSchedule, shrunk: FailingSchedule): FailingSchedule =>
  failure.finding.grade === 'CONFIRMED' ? graded(shrunk) : shrunk;
