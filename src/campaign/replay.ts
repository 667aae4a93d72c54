/**
 * A schedule once more: does it end as it did? No kernel counterpart.
 */
import { repair } from '../explore/replay-repair.ts';
import { StrictReplay } from '../explore/replay-strict.ts';
import { reproduce, type Reproduced } from '../explore/reproduce.ts';
import type { FailingSchedule } from '../explore/result.ts';
import { stateAt, type StateAt } from '../explore/state-at.ts';
import { ReplayStrategy } from '../runtime/replay-strategy.ts';
import { programOf } from './explore-unit.ts';
import { isAgain, type Replayable } from './replayable.ts';

/** reproduced: what it found then; missing: the same course, or what is left of it, without that; diverged: another course. */
export type ReplayVerdict = 'reproduced' | 'missing' | 'diverged';

export interface ReplayOutcome {
  readonly verdict: ReplayVerdict;
  /** What was found this time, with its schedule. */
  readonly failure: FailingSchedule | null;
  readonly steps: number;
  /** Where a strict replay left the recorded course; a lenient one goes on. */
  readonly diverged: string | null;
  /** Lenient replay: recorded steps left out, and steps that the recording does not know. */
  readonly skipped: number;
  readonly added: number;
}

/** `lenient`: follow the recording as far as the code still does what it did; needs a recording. */
export async function replay(what: Replayable, { lenient }: { lenient: boolean }): Promise<ReplayOutcome> {
  if (lenient && what.recording !== null) return await replayLeniently(what);
  const strategy = strategyOf(what);
  const again = await reproduce(programOf(what.unit), { ...settingsOf(what), choices: what.choices, strategy });
  const { left } = strategy;
  const early = left === 0 ? null : `replay diverged: the schedule has ended with ${left} recorded steps left`;
  return outcome(again, { diverged: again.diverged ?? early, skipped: 0, added: 0 });
}

/** The state after so many steps. */
export function replayUntil(what: Replayable, steps: number): Promise<StateAt> {
  const { seed, maps, counts } = settingsOf(what);
  return stateAt(programOf(what.unit), { strategy: strategyOf(what), seed, maps, counts, steps });
}

async function replayLeniently(what: Replayable): Promise<ReplayOutcome> {
  const { counts: wanted, ...settings } = settingsOf(what);
  const { choices, diverged, skipped, added } = await repair(programOf(what.unit), what.recording!, { settings, wanted });
  const again = await reproduce(programOf(what.unit), { ...settings, counts: wanted, choices });
  return outcome(again, { diverged, skipped, added });
}

const strategyOf = ({ choices, recording }: Replayable): StrictReplay | ReplayStrategy =>
  recording === null ? new ReplayStrategy(choices) : new StrictReplay(recording);

function settingsOf(what: Replayable) {
  const { unit, maxSteps } = what;
  return { seed: unit.seed, maxSteps, maps: unit.wanted !== 'lockdep', counts: isAgain(what) };
}

type Course = Pick<ReplayOutcome, 'diverged' | 'skipped' | 'added'>;

function outcome({ finding, timeline, switches, choices }: Reproduced, course: Course): ReplayOutcome {
  const steps = timeline.length;
  const failure: FailingSchedule | null =
    finding === null ? null : { finding, choices, steps, switches, execution: 1, strategy: 'replay', timeline, shrunk: null };
  const strict = course.skipped + course.added === 0;
  const verdict = failure !== null ? 'reproduced' : course.diverged !== null && strict ? 'diverged' : 'missing';
  return { verdict, failure, steps, ...course };
}
