/**
 * How a controlled run is set up, and how it can end.
 */
import type { StepRecorder } from './footprint.ts';
import type { Strategy } from './strategy.ts';
import type { Task } from './task.ts';

export type EndListener = (task: Task, error: unknown) => void;
export type BlockListener = (task: Task) => void;

/**
 * done: all foreground tasks ended; stopped: `stop` was called (a finding); deadlock: nobody can go on; step-limit: `maxSteps`;
 * cut: the strategy expects nothing new of this run;
 * failed: a strategy, an operation or an effect threw, or a task broke the rules of the port (see `failure`).
 */
export type ControlledOutcome = 'done' | 'stopped' | 'deadlock' | 'step-limit' | 'cut' | 'uncontrolled-await' | 'failed';

export interface ControlledOptions {
  readonly seed: number;
  /** Default: a uniform random walk from the seed. */
  readonly strategy?: Strategy;
  /** A run that needs more steps ends as `step-limit`. Default 1,000,000. */
  readonly maxSteps?: number;
  /** `all`: every release and wake-up is a step of its own, for checking; default `declared`: where somebody can observe it. */
  readonly releaseSteps?: 'declared' | 'all';
  /**
   * `steps`: when a task begins is a choice, as it must be when tasks do something visible before their first operation. `eager`: each
   * runs to its first operation as soon as it was spawned. Default `steps`.
   */
  readonly starts?: 'steps' | 'eager';
  /** Keep the list of choices for a replay. Default true. */
  readonly record?: boolean;
}

/** What is explored of a run, after its preparation. */
export interface Phase {
  readonly strategy: Strategy;
  readonly maxSteps: number;
  readonly recorder: StepRecorder | null;
}
