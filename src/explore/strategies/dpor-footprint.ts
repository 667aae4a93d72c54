/**
 * What one step touched, in a form that outlives its execution: sleep sets compare it with steps of later executions, whose objects are
 * others. Objects that both executions had met before the state in which the step was explored have the same numbers there; of
 * all others only the name tells what they are, and two of one name count as one: that can only wake somebody too early.
 */
import { dependent, type AccessKind } from '../../runtime/access.ts';

/** What a step concerns beyond the objects that it touched. */
export const Scope = {
  /** Nothing. */
  TOUCHED: 0,
  /** It ended the last foreground task: whatever goes on in the background could have come before the end, or not. */
  END: 1,
  /** The execution was stopped by it: so could everything. */
  EVERYTHING: 2,
} as const;
export type ScopeKind = (typeof Scope)[keyof typeof Scope];

/** Numbers an object of one execution, and hashes its name. */
export interface ObjectNames {
  tagOf(id: number): number;
}

export interface Touches {
  readonly ids: readonly number[];
  readonly accesses: readonly AccessKind[];
  readonly scope: ScopeKind;
  /** A timer, a daemon, or the last effects of a task that has ended. */
  readonly background: boolean;
  /** It ended a foreground task: the execution may end there. */
  readonly ends: boolean;
}

export class Footprint {
  /** Objects with a number below this are the same in every execution that comes to the state in which the step was explored. */
  private readonly base: number;
  private readonly ids: number[] = [];
  private readonly tags: number[] = [];
  private readonly accesses: AccessKind[] = [];
  private scope: ScopeKind = Scope.TOUCHED;
  private background = false;
  private ends = false;

  constructor(base: number) {
    this.base = base;
  }

  /** The step has been explored once more, with other data: what it touched then counts as well. */
  add(step: Touches, names: ObjectNames): void {
    if (step.scope > this.scope) this.scope = step.scope;
    this.background ||= step.background;
    this.ends ||= step.ends;
    step.ids.forEach((id, i) => {
      this.ids.push(id);
      this.tags.push(id < this.base ? 0 : names.tagOf(id));
      this.accesses.push(step.accesses[i]!);
    });
  }

  /** Would it matter to the step that has this footprint whether that other step came first? `names` are those of the other one. */
  dependsOn(step: Touches, names: ObjectNames): boolean {
    if (this.scope === Scope.EVERYTHING || step.scope === Scope.EVERYTHING) return true;
    // After other steps of others it may be the one that ends everything.
    if ((this.ends && step.background) || (step.scope === Scope.END && this.background)) return true;
    const { ids, accesses } = step;
    for (let i = 0; i < ids.length; i++) {
      for (let k = 0; k < this.ids.length; k++) {
        if (dependent(this.accesses[k]!, accesses[i]!) && this.same(k, ids[i]!, names)) return true;
      }
    }
    return false;
  }

  private same(k: number, id: number, names: ObjectNames): boolean {
    const own = this.ids[k]!;
    if (own < this.base || id < this.base) return own === id;
    return this.tags[k] === names.tagOf(id);
  }
}
