/**
 * The product's own verdict on a lock program: edges from all held locks, a search without lockdep's holes, ownership and life-cycle of
 * every lock across tasks. Unlike kernel/locking/lockdep.c it goes on after a report.
 */
import { EXCLUSIVE, isTry, modeName, RECURSIVE, SHARED, type LockMode } from '../modes.ts';
import { ClassGraph, type Step } from './class-graph.ts';
import { ClassTable, type LockOp, type LockProgram } from './lock-program.ts';
import type { Dependency, Report } from './verdict.ts';

interface Held {
  readonly lock: string;
  readonly cls: number;
  mode: LockMode;
}

interface Seen {
  readonly op: number;
  readonly task: number;
}

/** Everything that is wrong, each thing once, in the order of the operations. */
export function judge(program: LockProgram): Report[] {
  const judgement = new Judgement();
  for (const [i, op] of program.ops.entries()) judgement.run(op, i);
  return judgement.reports;
}

class Judgement {
  readonly reports: Report[] = [];
  private readonly keys = new Set<string>();
  private readonly classes = new ClassTable();
  private readonly graph = new ClassGraph<Seen>();
  private readonly stacks = new Map<number, Held[]>();

  run(op: LockOp, at: number): void {
    let held = this.stacks.get(op.task);
    if (held === undefined) this.stacks.set(op.task, (held = []));
    switch (op.action) {
      case 'acquire':
        held.push(this.request(op, held, at));
        return;
      case 'touch':
      case 'sync':
        this.request(op, held, at);
        return;
      case 'release':
        this.release(op, held, at);
        return;
      case 'downgrade': {
        const entry = held.findLast(({ lock, mode }) => lock === op.lock && (mode & 3) === EXCLUSIVE);
        if (entry !== undefined) entry.mode = SHARED | (entry.mode & ~3);
        return;
      }
      case 'init':
        this.initialise(op, at);
        return;
      case 'exit':
        if (held.length > 0) {
          const left = held.map(({ lock }) => lock).join(', ');
          this.report(`exit ${op.task} ${left}`, { atOp: at, type: 'exit-held', message: `task ${op.task} ends and still holds ${left}` });
        }
        held.length = 0;
        return;
    }
  }

  private request(op: LockOp, held: readonly Held[], at: number): Held {
    const { lock, mode, nestLock } = op;
    const next = { lock, cls: this.classes.id(op.cls, op.subclass), mode };
    if (nestLock !== null && !held.some((entry) => entry.lock === nestLock)) {
      const message = `${lock} is taken under ${nestLock}, which is not held`;
      this.report(`nest ${lock} ${nestLock}`, { atOp: at, type: 'nest-not-held', message });
    }
    // What does not wait cannot close a cycle.
    if (isTry(mode) || this.serialised(next, held, { nestLock, at })) return next;
    for (const prev of held) if (prev.cls !== next.cls) this.depend(prev, next, { op: at, task: op.task });
    return next;
  }

  /** True when another lock of the class is held and the nest lock, taken before it, keeps the order: then nothing is learnt. */
  private serialised(next: Held, held: readonly Held[], how: { readonly nestLock: string | null; readonly at: number }): boolean {
    let nest = false;
    for (const prev of held) {
      if (prev.lock === how.nestLock) nest = true;
      if (prev.cls !== next.cls || ((next.mode & 3) === RECURSIVE && (prev.mode & 3) !== EXCLUSIVE)) continue;
      if (nest) return true;
      const cls = this.classes.name(next.cls);
      const same = prev.lock === next.lock ? 'which this task holds already' : `of the class of ${prev.lock}, which it holds`;
      const message = `${next.lock} (${modeName(next.mode)}) is asked for, ${same} (${modeName(prev.mode)})`;
      this.report(`recursive ${next.cls} ${prev.mode & 3} ${next.mode & 3}`, { atOp: how.at, type: 'recursive', cycle: [cls], message });
      return false;
    }
    return false;
  }

  private depend(prev: Held, next: Held, note: Seen): void {
    const cycle = this.graph.add({ from: prev.cls, to: next.cls, fromMode: prev.mode, toMode: next.mode, note });
    if (cycle === null) return;
    const message = `${next.lock} (${modeName(next.mode)}) is asked for while ${prev.lock} (${modeName(prev.mode)}) is held`;
    this.report(`cycle ${canonical(cycle.map(({ from }) => from))}`, {
      atOp: note.op,
      type: 'circular',
      cycle: cycle.map(({ from }) => this.classes.name(from)),
      dependencies: cycle.map((step) => this.dependency(step)),
      message,
    });
  }

  private dependency({ from, to, fromMode, toMode, note }: Step<Seen>): Dependency {
    return {
      from: this.classes.name(from),
      to: this.classes.name(to),
      fromMode: modeName(fromMode),
      toMode: modeName(toMode),
      op: note.op,
      task: note.task,
    };
  }

  private release(op: LockOp, held: Held[], at: number): void {
    const index = held.findLastIndex(({ lock }) => lock === op.lock);
    if (index >= 0) {
      held.splice(index, 1);
      return;
    }
    const owner = this.ownerOf(op.lock);
    const message = `task ${op.task} releases ${op.lock}, ${owner === undefined ? 'which nobody holds' : `which task ${owner} holds`}`;
    this.report(`unlock ${op.task} ${op.lock}`, { atOp: at, type: 'bad-unlock', message });
  }

  private initialise(op: LockOp, at: number): void {
    const owner = this.ownerOf(op.lock);
    if (owner === undefined) return;
    this.report(`init ${op.lock}`, { atOp: at, type: 'init-held', message: `${op.lock} is initialised while task ${owner} holds it` });
  }

  private ownerOf(lock: string): number | undefined {
    for (const [task, held] of this.stacks) if (held.some((entry) => entry.lock === lock)) return task;
    return undefined;
  }

  private report(key: string, report: Report): void {
    if (this.keys.has(key)) return;
    this.keys.add(key);
    this.reports.push(report);
  }
}

/** The same cycle, wherever it was entered, has one name. */
function canonical(classes: readonly number[]): string {
  const first = classes.indexOf(Math.min(...classes));
  return [...classes.slice(first), ...classes.slice(0, first)].join('>');
}
