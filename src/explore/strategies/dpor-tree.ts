/**
 * The path from the root of the search tree to where source-DPOR is: states in which somebody has to go on, and data choices.
 */
import type { Runnable } from '../../runtime/strategy.ts';
import { Task } from '../../runtime/task.ts';
import { Footprint } from './dpor-footprint.ts';
import { inBackground, type DporTrace, type Step } from './dpor-trace.ts';

interface Candidate {
  readonly id: number;
  readonly background: boolean;
  readonly timer: boolean;
}

export class StateNode {
  readonly candidates: readonly Candidate[];
  /** To be explored from here: what has been is among them. */
  readonly todo = new Set<number>();
  chosen = 0;
  /** Explored from here, all its data choices included, and what it touched. */
  private readonly done = new Map<number, Footprint>();
  /** What would only be done in another order by going on with these here: everything that follows has been explored. */
  private readonly sleep = new Map<number, Footprint>();
  private readonly known: number;
  private current: Footprint;

  /** `known`: how many objects have been touched on the way here. */
  constructor(candidates: readonly Runnable[], n: number, known: number) {
    this.candidates = candidates.slice(0, n).map((who) => ({
      id: who.id,
      background: inBackground(who),
      timer: !(who instanceof Task),
    }));
    this.known = known;
    this.current = new Footprint(known);
  }

  /** Who sleeps at the parent, or is done there, sleeps here unless the step from there to here matters to it. */
  inherit({ sleep, done }: StateNode, step: Step, trace: DporTrace): void {
    for (const asleep of [sleep, done]) {
      for (const [id, footprint] of asleep) if (id !== step.by && !footprint.dependsOn(step, trace)) this.sleep.set(id, footprint);
    }
  }

  /** Whom to try first: who runs, then tasks, then timers; null when everybody sleeps. */
  first(running: number | null): number | null {
    const awake = this.candidates.filter(({ id }) => !this.sleep.has(id));
    const choice = awake.find(({ id }) => id === running) ?? awake.find(({ timer }) => !timer) ?? awake[0];
    return choice?.id ?? null;
  }

  choose(id: number): void {
    this.chosen = id;
    this.todo.add(id);
    this.current = new Footprint(this.known);
  }

  /** The chosen step was made. */
  explored(step: Step, trace: DporTrace): void {
    this.current.add(step, trace);
  }

  /** Turns to the next one that is left; false when there is none. */
  advance(): boolean {
    this.done.set(this.chosen, this.current);
    for (const id of this.todo) {
      if (this.done.has(id) || this.sleep.has(id)) continue;
      this.choose(id);
      return true;
    }
    return false;
  }

  isCandidate(id: number): boolean {
    return this.candidates.some((candidate) => candidate.id === id);
  }

  /** Is going on with it here explored, or going to be? */
  covers(id: number): boolean {
    return this.todo.has(id) || this.sleep.has(id);
  }

  /** What its step from here touched, if it has been explored, here or where it went to sleep. */
  footprintOf(id: number): Footprint | undefined {
    return this.done.get(id) ?? this.sleep.get(id);
  }
}

/** A data choice: every value is explored. */
export class ValueNode {
  readonly n: number;
  value = 0;

  constructor(n: number) {
    this.n = n;
  }

  advance(): boolean {
    return ++this.value < this.n;
  }
}
