/**
 * Who goes next: the port that exploration strategies implement for the controlled runtime.
 */

/** A task, or an armed timer. Ids of timers are negative. */
export interface Runnable {
  readonly id: number;
  readonly name: string;
}

/** Answer of `Strategy.choose`: nothing new can come of this run. */
export const CUT = -1;

export interface Strategy {
  /** Asked also where only one can go on (n is 1 then), which is no choice and not recorded. Default false. */
  readonly asksAlways?: boolean;
  /** Index into candidates[0..n), n >= 2; CUT ends the run. `running` is the task that made the last step, null at the start. */
  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number;
  /** A data choice: 0 to n - 1. */
  chooseValue(site: string, n: number): number;
}
