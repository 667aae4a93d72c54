/**
 * Who goes next: the port that exploration strategies implement for the controlled runtime.
 */

/** A task, or an armed timer. Ids of timers are negative. */
export interface Runnable {
  readonly id: number;
  readonly name: string;
}

export interface Strategy {
  /** Index into candidates[0..n), n >= 2. `running` is the task that made the last step, null at the start. */
  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number;
  /** A data choice: 0 to n - 1. */
  chooseValue(site: string, n: number): number;
}
