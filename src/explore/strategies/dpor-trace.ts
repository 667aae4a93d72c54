/**
 * One execution as source-DPOR sees it: its steps, what each touched, and what happened before what (vector clocks). The clock of a step
 * is the join of those of all earlier steps that it depends on, and one more for its own task.
 */
import { Access, accessClass, races, type AccessKind } from '../../runtime/access.ts';
import type { Runnable } from '../../runtime/strategy.ts';
import { Task } from '../../runtime/task.ts';
import { textHash } from '../text-hash.ts';
import { Scope, type ObjectNames, type ScopeKind, type Touches } from './dpor-footprint.ts';

/** How much of each thread lies before. */
export type Clock = number[];

export interface Step extends Touches {
  readonly index: number;
  /** Id of the task or timer. */
  readonly by: number;
  readonly thread: number;
  /** From 1 in its thread. */
  readonly nth: number;
  /** The step of the same thread before it. */
  readonly before: Step | undefined;
  readonly ids: number[];
  readonly accesses: AccessKind[];
  scope: ScopeKind;
  readonly background: boolean;
  ends: boolean;
  clock: Clock;
}

/** What has been done to one object. */
interface History {
  /** Everything before the accesses that go on now. */
  readonly past: Clock;
  /** Those, which commute with each other. */
  current: Clock;
  kind: number;
  readonly steps: { readonly step: Step; readonly access: AccessKind }[];
}

const CHANGES = 2;

export function join(into: Clock, from: Clock): void {
  for (let i = into.length; i < from.length; i++) into.push(0);
  for (let i = 0; i < from.length; i++) if (from[i]! > into[i]!) into[i] = from[i]!;
}

export const knows = (clock: Clock, step: Step): boolean => (clock[step.thread] ?? 0) >= step.nth;

export class DporTrace implements ObjectNames {
  readonly steps: Step[] = [];
  private readonly numbers = new Map<object, number>();
  private readonly objects: object[] = [];
  private readonly tags: number[] = [];
  private readonly histories: History[] = [];
  private readonly threads = new Map<number, number>();
  private readonly lastOf: (Step | undefined)[] = [];

  /** Objects that were touched so far. */
  get known(): number {
    return this.objects.length;
  }

  begin(by: Runnable): Step {
    const step = this.pending(by);
    this.steps.push(step);
    return step;
  }

  /** `step` is null before the first one: the object is known from the start then. */
  touch(step: Step | null, object: object, access: AccessKind): void {
    const id = this.numberOf(object);
    if (step === null) return;
    if (access === Access.RELEASE && object instanceof Task && object.id === step.by && !object.daemon) step.ends = true;
    for (let i = 0; i < step.ids.length; i++) if (step.ids[i] === id && step.accesses[i] === access) return;
    step.ids.push(id);
    step.accesses.push(access);
  }

  /** The step is over: what it touched is complete. */
  complete(step: Step): void {
    this.setClock(step);
    step.clock[step.thread] = step.nth;
    this.lastOf[step.thread] = step;
    for (let i = 0; i < step.ids.length; i++) {
      const history = this.histories[step.ids[i]!]!;
      const kind = this.kindOf(step, step.ids[i]!);
      if (kind === CHANGES || kind !== history.kind) {
        join(history.past, history.current);
        history.current = [];
        history.kind = kind;
      }
      join(history.current, step.clock);
      history.steps.push({ step, access: step.accesses[i]! });
    }
  }

  /** A step that a task or timer that was left over would make now. It becomes no part of the execution. */
  pending(by: Runnable): Step {
    const thread = this.threadOf(by.id);
    const before = this.lastOf[thread];
    return {
      index: this.steps.length,
      by: by.id,
      thread,
      nth: (before?.nth ?? 0) + 1,
      before,
      ids: [],
      accesses: [],
      scope: Scope.TOUCHED,
      background: inBackground(by),
      ends: false,
      clock: [],
    };
  }

  /** Earlier steps of others that could as well have come later, as far as their footprints tell; the latest one first. */
  rivals(step: Step): Step[] {
    const found = new Set<Step>();
    for (let i = 0; i < step.ids.length; i++) {
      for (const earlier of this.histories[step.ids[i]!]!.steps) {
        if (races(earlier.access, step.accesses[i]!)) found.add(earlier.step);
      }
    }
    for (const earlier of this.steps) if (concerns(step, earlier)) found.add(earlier);
    return [...found].filter(({ thread, index }) => thread !== step.thread && index < step.index).toSorted((a, b) => b.index - a.index);
  }

  tagOf(id: number): number {
    return (this.tags[id] ??= tagOf(this.objects[id]!));
  }

  /** Joins what comes before the step. */
  setClock(step: Step): void {
    if (step.before !== undefined) join(step.clock, step.before.clock);
    for (const id of step.ids) {
      const { past, current, kind: before } = this.histories[id]!;
      const kind = this.kindOf(step, id);
      join(step.clock, past);
      if (kind === CHANGES || kind !== before) join(step.clock, current);
    }
    for (const earlier of this.steps) if (earlier !== step && concerns(step, earlier)) join(step.clock, earlier.clock);
  }

  /** A step that touches an object in two ways that do not commute with each other commutes with nothing there. */
  private kindOf({ ids, accesses }: Step, id: number): number {
    let kind = 0;
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] !== id) continue;
      const own = accessClass(accesses[i]!);
      if (kind !== 0 && own !== kind) return CHANGES;
      kind = own;
    }
    return kind;
  }

  private threadOf(id: number): number {
    let thread = this.threads.get(id);
    if (thread === undefined) this.threads.set(id, (thread = this.threads.size));
    return thread;
  }

  private numberOf(object: object): number {
    let id = this.numbers.get(object);
    if (id !== undefined) return id;
    this.numbers.set(object, (id = this.objects.length));
    this.objects.push(object);
    this.histories.push({ past: [], current: [], kind: 0, steps: [] });
    return id;
  }
}

/** Does the order matter although they touch nothing in common? Any end of a foreground task may turn out to be that of the execution. */
function concerns(step: Step, earlier: Step): boolean {
  return step.scope === Scope.EVERYTHING || (step.ends && earlier.background) || (step.background && earlier.ends);
}

export const inBackground = (by: Runnable): boolean => !(by instanceof Task) || by.daemon || by.ended;

function tagOf(object: object): number {
  if (object instanceof Task) return object.key;
  const { name } = object as { name?: unknown };
  return typeof name === 'string' ? textHash(name) : 0;
}
