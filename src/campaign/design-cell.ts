/**
 * One cell of the table of designs: a scenario under one locking design, explored until every kind of finding that is expected has been
 * found; where none is, for the whole budget. No kernel counterpart.
 */
import type { Budget } from '../explore/explorer.ts';
import type { FailingSchedule } from '../explore/result.ts';
import { exploreUnit, type Hooks } from './explore-unit.ts';
import { tokenOf } from './replayable.ts';
import type { CampaignUnit } from './unit.ts';

export type FindingKind = FailingSchedule['finding']['kind'];

/** Plain data: it passes between threads. */
export interface CellWork {
  /** Name of the scenario. */
  readonly name: string;
  readonly unit: Omit<CampaignUnit, 'wanted' | 'collect'>;
  /** Null: nobody has said, as of a design of one's own. */
  readonly expected: readonly FindingKind[] | null;
  /** What is expected and has not been found gets `PATIENCE` times as much. */
  readonly budget: Budget;
}

export interface Cell {
  readonly design: string;
  readonly scenario: string;
  readonly verdict: 'finding' | 'clean';
  /** In the order in which they were found. */
  readonly kinds: readonly FindingKind[];
  /** The schedule, from 1, in which each was found first. */
  readonly schedulesToFirst: Readonly<Partial<Record<FindingKind, number>>>;
  /** Token of the first finding; null when there is none. */
  readonly replay: string | null;
  readonly expected: readonly FindingKind[] | null;
  /** All that were made. */
  readonly schedules: number;
  /** Executions that came out otherwise when they were made again. */
  readonly unstable: readonly string[];
}

/** A kind that is met in one of a thousand schedules is worth waiting for; its absence is news. */
const PATIENCE = 10;

export async function exploreCell({ name, unit, expected, budget }: CellWork, hooks: Pick<Hooks, 'interrupted'> = {}): Promise<Cell> {
  const whole: CampaignUnit = { ...unit, wanted: 'all', collect: true };
  const awaited = expected ?? [];
  const enough = (failures: readonly FailingSchedule[]): boolean =>
    awaited.length > 0 && awaited.every((kind) => failures.some(({ finding }) => finding.kind === kind));
  const { result } = await exploreUnit(whole, awaited.length === 0 ? budget : times(budget, PATIENCE), { ...hooks, enough });
  const firsts = new Map<FindingKind, FailingSchedule>();
  for (const failure of result.failures) if (!firsts.has(failure.finding.kind)) firsts.set(failure.finding.kind, failure);
  const [first] = firsts.values();
  return {
    ...{ design: unit.design, scenario: name, verdict: first === undefined ? 'clean' : 'finding', kinds: [...firsts.keys()] },
    schedulesToFirst: Object.fromEntries([...firsts].map(([kind, { execution }]) => [kind, execution])),
    replay: first === undefined ? null : tokenOf(whole, first),
    ...{ expected, schedules: result.schedules, unstable: result.unstable },
  };
}

function times({ schedules, ms }: Budget, n: number): Budget {
  return { ...(schedules === undefined ? {} : { schedules: schedules * n }), ...(ms === undefined ? {} : { ms: ms * n }) };
}

/** In what a cell is not as expected; empty: in nothing. */
export function differences({ expected, kinds, schedules, unstable }: Cell): string[] {
  if (expected === null) return [...unstable];
  const missing = expected.filter((kind) => !kinds.includes(kind));
  const other = kinds.filter((kind) => !expected.includes(kind));
  return [
    ...(missing.length === 0 ? [] : [`expected ${missing.join(', ')}, not found in ${schedules} schedules`]),
    ...(other.length === 0 ? [] : [`found ${other.join(', ')}, expected ${expected.join(', ') || 'none'}`]),
    ...unstable,
  ];
}
