/**
 * The validator: learns from every acquisition in which order classes are taken and reports a cycle the first time it could happen,
 * long before it does (kernel/locking/lockdep.c). Unlike the kernel's it draws edges from *all* held locks, keeps both places of each,
 * and never switches itself off.
 */
import type { Task } from '../runtime/task.ts';
import { ChainNode } from './chain.ts';
import { gradeCycle } from './cycle-grade.ts';
import { DeclaredOrder } from './declared-order.ts';
import { DependencyGraph, type Edge, type EdgeContext, type HeldLock } from './dependency-graph.ts';
import { Findings } from './finding.ts';
import { findHeld, heldGuards, type Guard, type Held } from './guard.ts';
import { IrqUsage, irqStateOf, type IrqPair, type UsageSite } from './irq-usage.ts';
import type { Instance, LockClass } from './lock-class.ts';
import { reportMisuse } from './misuse.ts';
import { EXCLUSIVE, isTry, NEST, RECURSIVE, WAIT, type LockMode } from './modes.ts';
import { cycleFinding, inconsistentFinding, sameClassFinding } from './order-report.ts';
import { capturePlace, NOWHERE, type Place } from './place.ts';

/** What a task asks for; `lock` is null when there is no object for it. */
interface Request {
  readonly cls: LockClass;
  readonly mode: LockMode;
  readonly lock: Instance | null;
  /** Given back before the task sleeps. */
  readonly dropped?: Guard;
  /** Puts locks of the class in order. */
  readonly nest?: Held;
}

export interface LockdepOptions {
  /** Keep the places where each sequence was completed first: a stack for each. Default true. */
  readonly places?: boolean;
}

/** Before the first execution, and after `detach`. */
const NO_TIME = (): number => 0;

export class Lockdep {
  readonly graph = new DependencyGraph();
  /** Where this execution's reports go. */
  findings = new Findings();
  /** Time of this execution, as reports need it. */
  readonly rt = { now: (): number => this.clock() };
  /** Sequences learnt so far. */
  chains = 0;
  /** Executions that it has served so far, this one included. */
  executions = 0;
  readonly root = new ChainNode(null, { cls: null, mode: EXCLUSIVE, place: [] });
  private readonly usage = new IrqUsage();
  private readonly declared = new DeclaredOrder();
  private readonly places: boolean;
  private clock = NO_TIME;

  constructor(options: LockdepOptions = {}) {
    this.places = options.places ?? true;
  }

  /** A new execution begins. The one before has ended: none of its tasks goes on. */
  attach(findings: Findings, now: () => number): void {
    this.findings = findings;
    this.clock = now;
    this.executions++;
  }

  /** The execution has ended: nothing leads to its world any more. `attach` does the same for the one before. */
  detach(): void {
    this.findings = new Findings();
    this.clock = NO_TIME;
  }

  /** Node of "what the task holds, then cls"; validates when this sequence is new. Called before the task may block. */
  check(task: Task, cls: LockClass, mode: LockMode, lock: Instance | null = null): ChainNode {
    const at = (task.chain as ChainNode | null) ?? this.root;
    return at.child(cls, mode) ?? this.learn(task, at, { cls, mode, lock });
  }

  /** The same for one of several locks of a class that `nest`, which must be held, puts in order. */
  checkNested(task: Task, request: Request, nest: Held): ChainNode {
    const { cls, lock } = request;
    if (findHeld(task, nest) === null) {
      const title = `${task.name} takes ${lock?.name ?? cls.name} nested under ${nest.name}, which it does not hold`;
      reportMisuse(this, { rule: 'nest-lock-not-held', about: cls.name, title, tasks: [task] });
      return this.check(task, cls, request.mode, lock);
    }
    const mode = request.mode | NEST;
    const at = (task.chain as ChainNode | null) ?? this.root;
    // One more of many: the sequence does not get longer with each.
    if (at.cls === cls && at.mode === mode) return at;
    return at.child(cls, mode) ?? this.learn(task, at, { cls, mode, lock, nest });
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
    if (dropped === null || !dropped.live) {
      this.check(task, cls, mode | WAIT);
      return;
    }
    const at = this.without(task, dropped);
    if (at.child(cls, mode | WAIT) === undefined) this.learn(task, at, { cls, mode: mode | WAIT, lock: null, dropped });
  }

  /** Where this request, with what the task holds now, was made for the first time; for dumps. */
  placeOf(task: Task, cls: LockClass, mode: LockMode): Place {
    return ((task.chain as ChainNode | null) ?? this.root).unsettledChild(cls, mode)?.place ?? NOWHERE;
  }

  /** The task comes into another state: what it takes there makes sequences of its own. */
  enterContext(task: Task, cls: LockClass): ChainNode {
    const at = (task.chain as ChainNode | null) ?? this.root;
    return at.child(cls, EXCLUSIVE) ?? at.add(cls, new ChainNode(at, { cls, mode: EXCLUSIVE, place: this.here() }));
  }

  /** The task has left a state with locks held that it took in it. */
  contextLeft(task: Task): void {
    const state = irqStateOf(task);
    for (const guard of heldGuards(task))
      for (const pair of this.usage.held(this.siteOf(task, { cls: guard.cls, mode: guard.mode, place: guard.after?.place ?? [] }), state))
        this.interrupt(task, pair);
  }

  /** Says in which order classes are taken, outermost first, by their names: checked from the first acquisition on. Again: nothing new. */
  declareOrder(names: readonly string[], by: string): void {
    if (!this.declared.declare(names, by)) return;
    for (const pair of this.declared.dueAll()) this.declaredEdge(...pair);
  }

  private here(): Place {
    return this.places ? capturePlace() : NOWHERE;
  }

  private known(at: ChainNode, guard: Guard): ChainNode {
    const { cls, mode, after } = guard;
    const known = at.unsettledChild(cls, mode);
    return known ?? at.add(cls, new ChainNode(at, { cls, mode, place: after?.place ?? [] }, after?.unsettled));
  }

  /** Chain of the task as it would be without this entry. */
  private without(task: Task, dropped: Guard): ChainNode {
    const above: Guard[] = [];
    for (let guard = task.held as Guard | null; guard !== null && guard !== dropped; guard = guard.prev) above.unshift(guard);
    return above.reduce((at, guard) => this.known(at, guard), dropped.before ?? this.root);
  }

  private learn(task: Task, at: ChainNode, request: Request): ChainNode {
    const { cls, mode } = request;
    const known = at.unsettledChild(cls, mode);
    if (known !== undefined) {
      this.sameClass(task, request, known);
      return known;
    }
    const place = this.here();
    const nested = this.above(task, request).some((guard) => guard.cls === cls);
    const node = at.add(cls, new ChainNode(at, { cls, mode, place }, nested && cls.order !== null));
    this.chains++;
    for (const pair of this.declared.due(cls)) this.declaredEdge(...pair);
    for (const pair of this.usage.taken(this.siteOf(task, node), irqStateOf(task))) this.interrupt(task, pair);
    // A trylock cannot block: nothing leads to it.
    if (isTry(mode)) return node;
    // Only what spins may be asked for where the task must not sleep (kernel: check_wait_context).
    if (!cls.spin) this.mightSleep(task, request.lock?.name ?? cls.name, cls.name, request.dropped);
    if (!cls.validate) return node;
    this.depend(task, request, node);
    this.sameClass(task, request, node);
    return node;
  }

  /** What the task holds here, innermost first: nothing of what an interrupt has interrupted, nothing that is dropped. */
  private above(task: Task, { dropped }: Request): Guard[] {
    const entries: Guard[] = [];
    for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) {
      const { context, validate } = guard.lock.cls;
      if (context === 'hardirq' || context === 'softirq') break;
      if (context === null && validate && guard !== dropped) entries.push(guard);
    }
    return entries;
  }

  private depend(task: Task, request: Request, node: ChainNode): void {
    const entries = this.above(task, request);
    const held: HeldLock[] = entries.map(({ lock, cls, mode }) => ({ lock: lock.name, cls: cls.name, mode, home: lock.cls })).toReversed();
    for (const entry of entries) {
      if (entry.cls === request.cls) continue;
      this.edge(task, entry.cls, request.cls, {
        ...{ task: task.name, pid: task.pid, time: this.rt.now(), fromMode: entry.mode, toMode: node.mode },
        ...{ fromPlace: entry.after?.place ?? [], toPlace: node.place, held, origin: 'observed' },
        asked: request.lock?.name ?? request.cls.name,
        askedHome: request.lock?.cls ?? null,
        execution: this.executions,
      });
    }
  }

  private edge(task: { name: string }, from: LockClass, to: LockClass, context: EdgeContext): Edge | null {
    const edge = this.graph.add(from, to, context);
    const cycle = edge === null ? null : this.graph.cycleThrough(edge, context);
    if (cycle === null) return edge;
    const graded = gradeCycle(cycle, (cls) => this.root.unsettledChild(cls, EXCLUSIVE) !== undefined);
    this.findings.report(cycleFinding(this.graph, { name: task.name, time: this.rt.now() }, cycle, graded));
    return edge;
  }

  private declaredEdge(from: LockClass, to: LockClass, by: string): void {
    const nothing = { pid: 0, time: 0, fromPlace: [], toPlace: [], held: [], asked: to.name, askedHome: null, execution: 0 };
    this.edge({ name: by }, from, to, { ...nothing, task: by, fromMode: EXCLUSIVE, toMode: EXCLUSIVE, origin: 'declared' });
  }

  private interrupt(task: Task, pair: IrqPair): void {
    const { irq, held, taken } = pair;
    if (held.cls === taken.cls) {
      // Readers inside and outside do not stop each other, as long as the one inside overtakes a waiting writer.
      if ((held.mode & 3) !== EXCLUSIVE && (taken.mode & 3) === RECURSIVE) return;
      this.findings.report(inconsistentFinding(this.graph.label(held.cls), pair, this.rt.now()));
      return;
    }
    this.edge(task, held.cls, taken.cls, {
      ...{ task: taken.task, pid: taken.pid, time: taken.time, fromMode: held.mode, toMode: taken.mode },
      ...{ fromPlace: held.place, toPlace: taken.place, held: [], asked: taken.cls.name, askedHome: null, origin: irq },
      execution: this.executions,
    });
  }

  private siteOf(task: Task, { cls, mode, place }: Pick<ChainNode, 'cls' | 'mode' | 'place'>): UsageSite {
    return { cls: cls!, mode, task: task.name, pid: task.pid, time: this.rt.now(), place };
  }

  /** Reports a task that is about to sleep where it must not (kernel: might_sleep). */
  mightSleep(task: Task, forWhat: string, about = forWhat, dropped?: Guard): void {
    let where: string | null = null;
    const blame: Guard[] = [];
    for (let guard = task.held as Guard | null; guard !== null && where === null; guard = guard.prev) {
      if (guard === dropped) continue;
      const { context, spin } = guard.lock.cls;
      if (spin) where = `the spin lock ${guard.lock.name} held`;
      else if (context !== null) where = context.endsWith('off') ? context : `a ${context} running`;
      if (where !== null) blame.push(guard);
    }
    if (where === null) return;
    const title = `invalid wait context: ${task.name} may sleep for ${forWhat} with ${where}`;
    reportMisuse(this, { rule: 'wait-context', about, title, tasks: [task], taken: blame });
  }

  private sameClass(task: Task, request: Request, node: ChainNode): void {
    const { cls, mode, lock, nest } = request;
    for (const held of this.above(task, request)) {
      if (held.cls !== cls) continue;
      if ((mode & 3) === RECURSIVE && (held.mode & 3) !== EXCLUSIVE) continue;
      if (cls.order !== null && cls.order(held.lock, lock ?? cls) < 0) continue;
      if (nest !== undefined && isOutside(nest, held)) continue;
      const place = node.place;
      this.findings.report(sameClassFinding({ task, held, cls: this.graph.label(cls), mode, place, time: this.rt.now() }));
    }
  }
}

/** Was the nest lock taken before this entry? */
function isOutside(nest: Held, entry: Guard): boolean {
  for (let guard = entry.prev; guard !== null; guard = guard.prev) if (guard.lock === nest) return true;
  return false;
}
