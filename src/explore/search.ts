/**
 * The port of a search: which schedule next? One file in `strategies` implements it for each way to look for bugs. A search hands out a
 * strategy for each execution and is told what came of it.
 */
import type { ControlledOutcome } from '../runtime/controlled-options.ts';
import type { ControlledRuntime } from '../runtime/controlled.ts';
import type { StepRecorder } from '../runtime/footprint.ts';
import type { Strategy } from '../runtime/strategy.ts';

/** What a search learns of an execution that it asked for. */
export interface ExecutionFacts {
  readonly outcome: ControlledOutcome;
  /** Something was found. */
  readonly failed: boolean;
  readonly steps: number;
  /** Times there was more than one possibility. */
  readonly choices: number;
  /** This order of dependent steps was not seen before in the campaign; true where traces are not counted. */
  readonly newTrace: boolean;
  /** Something that `coverage.ts` counts was seen for the first time. */
  readonly newCoverage: boolean;
  /** The run as it stands: which tasks are left, and what they have announced. Not to be kept. */
  readonly rt: ControlledRuntime;
}

export interface Search {
  /** As `--strategy` names it; a portfolio answers the name of the part that is at work. */
  readonly name: string;
  /** It ends by itself when every trace was explored. */
  readonly exhaustive: boolean;
  /** Told of each step of the executions, where the search looks at more than who can go on. */
  readonly recorder?: StepRecorder | null;
  /** For the next execution, the `n`-th from 0; null when there is none left. */
  next(n: number): Strategy | null;
  /** Told how the execution came to its end, while `rt` still is as it was then; before `ended`. */
  stopped?(outcome: ControlledOutcome, rt: ControlledRuntime): void;
  /** Called after each execution. */
  ended(facts: ExecutionFacts): void;
  /** Limits under which it explores, for proof statements: `at most 2 preemptions`. */
  readonly bounds?: readonly string[];
}

export interface SearchOptions {
  readonly seed: number;
  /** Of one execution, as the campaign limits it: late in a run some strategies let everybody take turns. */
  readonly maxSteps?: number;
}

export type SearchFactory = (options: SearchOptions) => Search;
