/**
 * Source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Source Sets, JACM 2017): every trace is explored at least once, and
 * orders of independent steps are not tried one after another. Whenever two steps of an execution race, some execution in which they come
 * the other way round is asked for, unless one that leads there is known already (the initials rule).
 *
 * A step is what a task does from one announcement to the next, so what it touches is known only when it is over, and may be something else
 * after other steps. Therefore nothing is concluded from announcements, except of tasks that an execution has left behind.
 */
import type { ControlledOutcome } from '../../runtime/controlled-options.ts';
import type { ControlledRuntime } from '../../runtime/controlled.ts';
import { CUT, type Runnable, type Strategy } from '../../runtime/strategy.ts';
import { Access, type AccessKind } from '../../runtime/access.ts';
import { CLOCK, nextAccess, nextObject, type StepRecorder } from '../../runtime/footprint.ts';
import { Task } from '../../runtime/task.ts';
import type { Search } from '../search.ts';
import { Scope, type ScopeKind } from './dpor-footprint.ts';
import { DporTrace, join, type Clock, type Step, knows } from './dpor-trace.ts';
import { StateNode, ValueNode } from './dpor-tree.ts';
import { initialsOf } from './dpor-initials.ts';

export class Dpor implements Search, Strategy, StepRecorder {
  readonly name = 'dpor';
  readonly exhaustive = true;
  readonly asksAlways = true;
  readonly recorder = this;
  private readonly nodes: (StateNode | ValueNode)[] = [];
  /** Of those, the states in which somebody was chosen: one a step. */
  private readonly states: StateNode[] = [];
  private trace = new DporTrace();
  private current: Step | null = null;
  private depth = 0;
  /** Steps before this one were made like that before: their races are known. */
  private fresh = 0;
  private began = false;

  next(): Strategy | null {
    if (this.began && !this.branch()) return null;
    this.began = true;
    this.trace = new DporTrace();
    this.current = null;
    this.depth = 0;
    return this;
  }

  stopped(outcome: ControlledOutcome, rt: ControlledRuntime): void {
    const last = this.current;
    if (last !== null) this.over(last, scopeOf(outcome));
    this.nodes.length = this.depth;
    this.states.length = this.nodes.filter((node) => node instanceof StateNode).length;
    if (last !== null && last.scope !== Scope.TOUCHED) this.couldHaveComeBefore(last);
    if (last !== null && last.scope === Scope.END && (rt.timers.length > 0 || rt.tasks.some(canGoOn))) this.couldHaveEndedLater(last);
    // Who could have gone on instead of the last step is asked for there, or sleeps.
    const asked = outcome === 'step-limit' ? undefined : this.states.at(-1);
    for (const task of rt.tasks) if (!canGoOn(task) || asked?.isCandidate(task.id) !== true) this.leftOver(task);
    for (const timer of rt.timers) if (asked?.isCandidate(timer.id) !== true) this.leftOver(timer);
    this.current = null;
  }

  ended(): void {
    // All that matters was known when it stopped.
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    if (this.current !== null) this.over(this.current, Scope.TOUCHED);
    this.current = null;
    const at = this.depth++;
    if (at === this.nodes.length) {
      const state = this.enter(candidates, n);
      const first = state.first(running?.id ?? null);
      if (first === null) {
        this.depth--;
        return CUT;
      }
      state.choose(first);
      this.nodes.push(state);
      this.states.push(state);
    }
    const node = this.nodes[at]!;
    const index = node instanceof StateNode ? indexOf(candidates, n, node.chosen) : -1;
    if (index < 0)
      throw new Error(`the program is not deterministic: step ${this.trace.steps.length} of a repeated execution is not possible`);
    return index;
  }

  chooseValue(site: string, n: number): number {
    const at = this.depth++;
    if (at === this.nodes.length) this.nodes.push(new ValueNode(n));
    const node = this.nodes[at]!;
    if (!(node instanceof ValueNode) || node.n !== n)
      throw new Error(`the program is not deterministic: ${site} has ${n} values when it is repeated`);
    return node.value;
  }

  step(by: Runnable): void {
    this.current = this.trace.begin(by);
  }

  touch(object: object, access: AccessKind): void {
    if (this.current !== null || this.trace.steps.length === 0) this.trace.touch(this.current, object, access);
  }

  chosen(): void {
    // Data choices are branches of their own: `chooseValue`.
  }

  /** Goes to the deepest place where something is left to be tried; false when there is none. */
  private branch(): boolean {
    for (let node = this.nodes.at(-1); node !== undefined; node = this.nodes.at(-1)) {
      if (node.advance()) {
        this.fresh = Math.max(0, this.states.length - 1);
        return true;
      }
      this.nodes.pop();
      if (node instanceof StateNode) this.states.pop();
    }
    return false;
  }

  private enter(candidates: readonly Runnable[], n: number): StateNode {
    const { trace } = this;
    const state = new StateNode(candidates, n, trace.known);
    const parent = this.states.at(-1);
    if (parent !== undefined) state.inherit(parent, trace.steps.at(-1)!, trace);
    return state;
  }

  /** A step is over. Its races are looked for once. */
  private over(step: Step, scope: ScopeKind): void {
    step.scope = scope;
    this.trace.complete(step);
    if (step.index < this.fresh && scope === Scope.TOUCHED) return;
    this.states[step.index]!.explored(step, this.trace);
    this.races(step);
  }

  /** Everybody who waits for ever, or was stopped: what it would do next races with what others did. */
  private leftOver(by: Runnable): void {
    if (by instanceof Task && by.op === null && by.firstEffect === null) return;
    const step = this.trace.pending(by);
    const object = nextObject(by);
    if (object !== null) this.trace.touch(step, object, nextAccess(by));
    if (by instanceof Task && by.due !== Number.POSITIVE_INFINITY) this.trace.touch(step, CLOCK, Access.WRITE);
    this.trace.setClock(step);
    this.races(step);
  }

  /** The execution ended with this step: what could go on then could have done so before. */
  private couldHaveComeBefore(last: Step): void {
    const state = this.states[last.index]!;
    for (const { id, background } of state.candidates) {
      if (id !== last.by && (background || last.scope === Scope.EVERYTHING) && !state.covers(id)) state.todo.add(id);
    }
  }

  /**
   * What could still go on in the background comes after the last step only when another foreground task is there then: each of those whose
   * end does not come before that step could be the last one.
   */
  private couldHaveEndedLater(last: Step): void {
    for (const step of this.trace.steps) if (step.ends && step !== last && !knows(last.clock, step)) this.reverse(step, last);
  }

  private races(step: Step): void {
    const { trace } = this;
    const announced = step.before;
    const past: Clock = [];
    if (announced !== undefined) join(past, announced.clock);
    for (const rival of trace.rivals(step)) {
      if (knows(past, rival)) continue;
      this.reverse(rival, step);
      // Where it could have come first for certain, a race with something before the rival is found when the two have been exchanged.
      const pending = announced === undefined || announced.index < rival.index;
      if (pending && this.states[rival.index]!.isCandidate(step.by)) join(past, rival.clock);
    }
  }

  /** Sees to it that some execution does `step` before `rival`. */
  private reverse(rival: Step, step: Step): void {
    const state = this.states[rival.index]!;
    const { initials, between } = initialsOf(this.trace.steps, rival, step);
    // Of a step that was explored from here before it is known better what it touches here.
    const known = between.some(({ by }) => by === step.by) ? undefined : state.footprintOf(step.by);
    if (known !== undefined) {
      if (!between.some((other) => known.dependsOn(other, this.trace))) return;
      initials.delete(step.by);
    }
    for (const id of initials) if (state.covers(id)) return;
    if (initials.has(step.by) && state.isCandidate(step.by)) {
      state.todo.add(step.by);
      return;
    }
    for (const id of initials) {
      if (!state.isCandidate(id)) continue;
      state.todo.add(id);
      return;
    }
    // Nothing lies between them, and it could not go on before: the order is not theirs to choose.
    if (between.length === 0) return;
    for (const { id } of state.candidates) if (!state.covers(id)) state.todo.add(id);
  }
}

function scopeOf(outcome: ControlledOutcome): ScopeKind {
  if (outcome === 'done') return Scope.END;
  return outcome === 'deadlock' || outcome === 'step-limit' || outcome === 'cut' ? Scope.TOUCHED : Scope.EVERYTHING;
}

const canGoOn = (task: Task): boolean => task.firstEffect !== null || (task.op !== null && task.op.enabled(task));

function indexOf(candidates: readonly Runnable[], n: number, id: number): number {
  for (let i = 0; i < n; i++) if (candidates[i]!.id === id) return i;
  return -1;
}
