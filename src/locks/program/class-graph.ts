/**
 * Dependencies between the classes of one program, drawn from every held lock. A deadlock is possible exactly when a closed strong path
 * exists: no step that only a write holder stops ("R") before a step whose lock is shared ("S"). The search state is (class, arrived
 * weakly), so that neither hole of Linux lockdep's graph is left (kernel/locking/lockdep.c).
 */
import { excludesAll, stoppedByAny, type LockMode } from '../modes.ts';

export interface Step<Note> {
  readonly from: number;
  readonly to: number;
  readonly fromMode: LockMode;
  readonly toMode: LockMode;
  readonly note: Note;
}

interface Reached<Note> {
  readonly step: Step<Note>;
  readonly previous: Reached<Note> | null;
}

const kindOf = ({ fromMode, toMode }: Step<unknown>): number => (excludesAll(fromMode) ? 0 : 2) + (stoppedByAny(toMode) ? 0 : 1);
const shares = (step: Step<unknown>): boolean => !excludesAll(step.fromMode);
const weak = (step: Step<unknown>): boolean => !stoppedByAny(step.toMode);

export class ClassGraph<Note> {
  /** Rows of steps by class, then by class asked for and kind. */
  private readonly out: Map<number, Step<Note>>[] = [];

  /** Adds the dependency; answers the strong cycle that starts with it when it is new and closes one. */
  add(step: Step<Note>): Step<Note>[] | null {
    const row = (this.out[step.from] ??= new Map<number, Step<Note>>());
    const key = step.to * 4 + kindOf(step);
    if (row.has(key)) return null;
    row.set(key, step);
    return this.cycleFrom(step);
  }

  /** Shortest first. */
  private cycleFrom(first: Step<Note>): Step<Note>[] | null {
    const seen = new Set<number>([first.to * 2 + (weak(first) ? 1 : 0)]);
    const queue: Reached<Note>[] = [{ step: first, previous: null }];
    for (let i = 0; i < queue.length; i++) {
      const at = queue[i]!;
      const row = this.out[at.step.to];
      if (row === undefined) continue;
      for (const step of row.values()) {
        if (weak(at.step) && shares(step)) continue;
        const reached = { step, previous: at };
        if (step.to === first.from) {
          if (!(weak(step) && shares(first))) return unroll(reached);
          continue;
        }
        const state = step.to * 2 + (weak(step) ? 1 : 0);
        if (seen.has(state)) continue;
        seen.add(state);
        queue.push(reached);
      }
    }
    return null;
  }
}

function unroll<Note>(last: Reached<Note>): Step<Note>[] {
  const steps: Step<Note>[] = [];
  for (let at: Reached<Note> | null = last; at !== null; at = at.previous) steps.unshift(at.step);
  return steps;
}
