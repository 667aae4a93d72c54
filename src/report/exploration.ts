/**
 * What is told of an exploration: the campaign, what it was asked for, and whether that is what the scenario expects. Data, for the text
 * and for the JSON. No kernel counterpart.
 */
import type { CampaignResult } from '../campaign/campaign.ts';
import type { SmallerScenario } from '../campaign/smaller-scenario.ts';
import type { Constraint } from '../explore/constraints.ts';
import type { FailingSchedule } from '../explore/result.ts';
import type { FindingKind } from '../locks/finding.ts';
import { count } from './layout.ts';

export interface Exploration {
  /** Name, and the file that it came from. */
  readonly scenario: string;
  readonly design: string;
  readonly quirks: readonly string[];
  /** As it was asked for. */
  readonly strategy: string;
  readonly seed: number;
  readonly workers: number;
  /** Linux lockdep's view only. */
  readonly strict: boolean;
  readonly budget: { readonly schedules?: number; readonly ms?: number };
  readonly campaign: CampaignResult;
  /** Kinds of findings that the scenario expects; empty: none. */
  readonly expected: readonly FindingKind[];
  /** What no schedule of this exploration could show. */
  readonly notExplored: readonly string[];
  /** The orders of steps that a failure needs; undefined where that is not known. */
  readonly constraints: (failure: FailingSchedule) => readonly Constraint[] | undefined;
  /** What is left of the scenario for the first failure; null: it cannot be made smaller; undefined: nobody asked. */
  readonly smaller?: SmallerScenario | null;
  /** The file that keeps it with its schedule; undefined: none. */
  readonly kept?: string;
  /** Token that brings a failure about again. */
  readonly replay: (failure: FailingSchedule) => string;
}

export interface ExploreVerdict {
  readonly passed: boolean;
  /** The answer is not known: the search was cut short, or the program is not deterministic. */
  readonly open: boolean;
  /** Why it did not pass, most telling first. */
  readonly reasons: readonly string[];
}

/** All failures, predictions that were confirmed among them. */
export const allFailures = ({ result, predicted }: CampaignResult): readonly FailingSchedule[] => [...result.failures, ...predicted];

/** At least one finding of the expected kinds, and none of another kind. */
export function judgeExploration({ campaign, expected, strict }: Exploration): ExploreVerdict {
  const { result, interrupted } = campaign;
  const kinds = [...new Set(allFailures(campaign).map(({ finding }) => finding.kind))];
  const other = kinds.filter((kind) => !expected.includes(kind));
  const reasons: string[] = [];
  if (other.length > 0)
    reasons.push(expected.length > 0 ? `found what is not expected (${other.join(', ')})` : `found: ${other.join(', ')}`);
  if (result.unstable.length > 0) reasons.push(`${count(result.unstable.length, 'execution')} came out otherwise when made again`);
  const open = kinds.length === 0 && (result.unstable.length > 0 || result.verdict === 'undecided');
  // What a scenario expects speaks of everything that apemu looks for, not of what Linux sees.
  if (expected.length > 0 && kinds.length === 0 && !strict) reasons.push(`expected a finding (${expected.join(' or ')}), found none`);
  if (result.verdict === 'undecided') reasons.push('the search was cut short');
  if (interrupted) reasons.push('interrupted');
  return { passed: reasons.length === 0, open, reasons };
}
