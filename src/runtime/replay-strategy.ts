/**
 * Strict replay of the choices of an earlier run: stops at the first one that is not possible and says which.
 */
import type { Runnable, Strategy } from './strategy.ts';

/** The run took another course than the recorded one. */
export class ReplayDiverged extends Error {
  /** Position in the choice list. */
  readonly position: number;

  constructor(position: number, message: string) {
    super(`replay diverged at choice ${position}: ${message}`);
    this.name = 'ReplayDiverged';
    this.position = position;
  }
}

export class ReplayStrategy implements Strategy {
  private readonly choices: readonly number[];
  private position = 0;

  /** `choices`: what ControlledRuntime.choices held after the recorded run. */
  constructor(choices: readonly number[]) {
    this.choices = choices;
  }

  /** Choices that the replay has not come to yet: none is left when it took the whole recorded course. */
  get left(): number {
    return this.choices.length - this.position;
  }

  choose(candidates: readonly Runnable[], n: number): number {
    const id = this.take('who goes next');
    for (let i = 0; i < n; i++) if (candidates[i]!.id === id) return i;
    const names = candidates.slice(0, n).map((c) => `${c.id} (${c.name})`);
    throw new ReplayDiverged(this.position - 1, `expected ${id} to be able to run, got ${names.join(', ')}`);
  }

  chooseValue(site: string, n: number): number {
    const value = this.take(site);
    if (value >= 0 && value < n) return value;
    throw new ReplayDiverged(this.position - 1, `expected a value from 0 to ${n - 1} for ${site}, got ${value}`);
  }

  private take(what: string): number {
    const choice = this.choices[this.position];
    if (choice === undefined) throw new ReplayDiverged(this.position, `the list has ended, but ${what} has to be chosen`);
    this.position++;
    return choice;
  }
}
