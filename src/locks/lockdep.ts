/**
 * The validator: learns from every acquisition in which order classes are taken and reports a cycle the first time it could happen,
 * long before it does (kernel/locking/lockdep.c). Unlike the kernel's it draws edges from *all* held locks, keeps both places of each,
 * and never switches itself off.
 */
import type { Task } from '../runtime/task.ts';
import { ChainNode } from './chain.ts';
import { DependencyGraph } from './dependency-graph.ts';
import type { CycleEdge, Findings } from './finding.ts';
import { heldNames, type Guard } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import { EXCLUSIVE, RECURSIVE, isTry, modeName, WAIT, type LockMode } from './modes.ts';
import { capturePlace, type Place } from './place.ts';

export class Lockdep {
  readonly graph = new DependencyGraph();
  private readonly root = new ChainNode(null, { cls: null, mode: EXCLUSIVE, place: [] });
  private readonly findings: Findings;
  private readonly now: () => number;
  /** Sequences learnt so far. */
  chains = 0;

  constructor(findings: Findings, now: () => number) {
    this.findings = findings;
    this.now = now;
  }

  /** Node of "what the task holds, then cls"; validates when this sequence is new. Called before the task may block. */
  check(task: Task, cls: LockClass, mode: LockMode): ChainNode {
    const at = (task.chain as ChainNode | null) ?? this.root;
    return at.children[cls.key(mode)] ?? this.learn(task, at, { cls, mode, place: capturePlace() });
  }

  /**
   * Node of what is left when something below this entry was released. It teaches no order: every pair in it was learnt when it was
   * built. The place stays the one where the lock was taken.
   */
  rebase(task: Task, guard: Guard): ChainNode {
    const at = (task.chain as ChainNode | null) ?? this.root;
    return this.known(at, guard);
  }

  /** A wait: acquire and release of its map, with the locks really held while asleep (`dropped` is given back before). */
  checkWait(task: Task, cls: LockClass, mode: LockMode = EXCLUSIVE, dropped: Guard | null = null): void {
    if (dropped === null) {
      this.check(task, cls, mode | WAIT);
      return;
    }
    let at = this.root;
    for (const guard of heldWithout(task, dropped)) at = this.known(at, guard);
    if (at.children[cls.key(mode | WAIT)] === undefined) this.learn(task, at, { cls, mode: mode | WAIT, place: capturePlace() }, dropped);
  }

  private known(at: ChainNode, guard: Guard): ChainNode {
    const { lock, mode } = guard;
    return (at.children[lock.cls.key(mode)] ??= new ChainNode(at, { cls: lock.cls, mode, place: guard.after?.place ?? [] }));
  }

  private learn(
    task: Task,
    at: ChainNode,
    next: { cls: LockClass; mode: LockMode; place: Place },
    dropped: Guard | null = null,
  ): ChainNode {
    const { cls, mode, place } = next;
    this.chains++;
    const node = new ChainNode(at, next);
    at.children[cls.key(mode)] = node;
    // A trylock cannot block: nothing leads to it.
    if (isTry(mode)) return node;
    for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) {
      if (guard === dropped) continue;
      if (guard.lock.cls === cls) this.sameClass(task, guard, mode, place);
      else this.depend(task, guard, next);
    }
    return node;
  }

  private depend(task: Task, held: Guard, next: { cls: LockClass; mode: LockMode; place: Place }): void {
    const from = held.lock.cls;
    const modes = { from: held.mode, to: next.mode };
    const edge = this.graph.add(from, next.cls, modes, () => ({
      task: task.name,
      pid: task.pid,
      time: this.now(),
      fromMode: held.mode,
      toMode: next.mode,
      fromPlace: held.after?.place ?? [],
      toPlace: next.place,
      held: heldNames(task),
    }));
    if (edge === null) return;
    const cycle = this.graph.cycleThrough(edge, modes);
    if (cycle !== null) this.reportCycle(task, cycle);
  }

  private reportCycle(task: Task, cycle: readonly CycleEdge[]): void {
    const classes = cycle.map((edge) => edge.from);
    this.findings.report({
      kind: 'lock-order',
      key: `lock-order:${canonical(classes)}`,
      title: `possible circular locking dependency: ${[...classes, classes[0]].join(' -> ')}`,
      tasks: [...new Set([task.name, ...cycle.map((edge) => edge.task)])],
      time: this.now(),
      cycle,
    });
  }

  private sameClass(task: Task, held: Guard, mode: LockMode, place: Place): void {
    const heldReads = (held.mode & 3) !== EXCLUSIVE;
    if ((mode & 3) === RECURSIVE && heldReads) return;
    const cls = held.lock.cls;
    this.findings.report({
      kind: 'recursive-lock',
      key: `recursive-lock:${cls.name}:${held.mode & 3}:${mode & 3}`,
      title: `possible recursive locking: ${task.name} asks for ${cls.name} (${modeName(mode)}) while it holds ${held.lock.name} of the same class`,
      tasks: [task.name],
      time: this.now(),
      place,
      notes: [`held since ${held.after?.place[0] ?? 'an unknown place'}`],
    });
  }
}

function heldWithout(task: Task, dropped: Guard): Guard[] {
  const held: Guard[] = [];
  for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) if (guard !== dropped) held.unshift(guard);
  return held;
}

/** The same cycle, wherever it was entered, has one name. */
function canonical(classes: readonly string[]): string {
  let best = '';
  for (let i = 0; i < classes.length; i++) {
    const turned = [...classes.slice(i), ...classes.slice(0, i)].join('>');
    if (best === '' || turned < best) best = turned;
  }
  return best;
}
