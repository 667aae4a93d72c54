/**
 * What a campaign came to: data, from which `src/report` makes text and JSON.
 */
import type { Finding } from '../locks/finding.ts';
import type { TimelineStep } from './timeline.ts';

/**
 * finding: something was found; clean: the budget is used up and nothing was; exhausted: every trace was explored, within `bounds`;
 * undecided: an exhaustive search that was cut short.
 */
export type Verdict = 'finding' | 'clean' | 'exhausted' | 'undecided';

/** A schedule that fails, and fails again whenever it is replayed. */
export interface FailingSchedule {
  readonly finding: Finding;
  /** Of the execution that reports it; after shrinking the shortest known. */
  readonly choices: readonly number[];
  readonly steps: number;
  /** Changes of the running task that were not forced by its end or by a wait. */
  readonly switches: number;
  /** The execution in which it was found, from 1. */
  readonly execution: number;
  /** The search that found it. */
  readonly strategy: string;
  readonly timeline: readonly TimelineStep[];
  /** Choices before shrinking, and the executions that shrinking took. */
  readonly shrunk: { readonly from: number; readonly executions: number } | null;
}

export interface Coverage {
  /** Orders of dependent steps, as far as their fingerprints tell; null when they were not counted. */
  readonly traces: number | null;
  /** Pairs of tasks between which some object went from one to the other. */
  readonly handOvers: number;
  /** Dependencies between lock classes. */
  readonly lockEdges: number;
}

/** What was seen, for adding up the parts of a campaign: plain data. */
export interface Seen {
  /** Fingerprints of traces. */
  readonly traces: readonly number[];
  /** Fingerprints of hand-overs. */
  readonly handOvers: readonly number[];
  /** `A -> B`, classes by name. */
  readonly lockEdges: readonly string[];
}

export interface ExploreResult {
  readonly program: string;
  readonly strategy: string;
  readonly seed: number;
  readonly verdict: Verdict;
  /** Executions, those included that were cut as redundant. */
  readonly schedules: number;
  readonly redundant: number;
  /** Executions that came to the step limit. */
  readonly endless: number;
  readonly steps: number;
  readonly elapsedMs: number;
  readonly coverage: Coverage;
  /** Mean of the product of the numbers of possibilities over random walks: about how many schedules there are. */
  readonly estimate: { readonly schedules: number; readonly error: number; readonly walks: number } | null;
  /** Limits that a proof or a clean result is subject to. */
  readonly bounds: readonly string[];
  /** Each kind of finding once, in the order in which they were found. */
  readonly failures: readonly FailingSchedule[];
  /** Clean executions that were made twice. */
  readonly rechecked: number;
  /** Executions that came out otherwise when they were made again: the program is not deterministic. */
  readonly unstable: readonly string[];
}
