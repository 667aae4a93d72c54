/**
 * What a campaign explores, as plain data: a thread, or another machine, builds the same program from it. No kernel counterpart.
 */
import type { FailingSchedule } from '../explore/result.ts';
import type { Scenario } from '../scenario/scenario.ts';

type Finding = FailingSchedule['finding'];

/** all; deadlocks: what a prediction is confirmed by; lockdep: what Linux lockdep would report. */
export type Wanted = 'all' | 'deadlocks' | 'lockdep';

export interface CampaignUnit {
  /** Text of the scenario file, and the name that errors show. */
  readonly scenario: { readonly text: string; readonly source: string };
  readonly design: string;
  /** Instead of those of the scenario; null: those. */
  readonly quirks: Scenario['quirks'] | null;
  readonly strategy: string;
  /** Of the worlds: the same for all schedules of a campaign. */
  readonly seed: number;
  /** Of what the search draws. */
  readonly searchSeed: number;
  readonly wanted: Wanted;
  /** Go on after a finding, and collect one of each kind. */
  readonly collect: boolean;
}

/** Cycles that could close, not cycles that have. */
const PREDICTIONS: ReadonlySet<string> = new Set(['lock-order', 'recursive-lock']);
const DEADLOCKS: ReadonlySet<string> = new Set(['deadlock', 'hung-task']);

export const isPrediction = ({ kind }: { readonly kind: string }): boolean => PREDICTIONS.has(kind);
export const isDeadlock = ({ kind }: { readonly kind: string }): boolean => DEADLOCKS.has(kind);

/** Does this finding count for who looks for that? */
export function counts(wanted: Wanted): (finding: Finding) => boolean {
  switch (wanted) {
    case 'all':
      return () => true;
    case 'deadlocks':
      return isDeadlock;
    case 'lockdep':
      return isPrediction;
  }
}
