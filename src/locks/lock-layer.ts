/**
 * The lock layer of one run: makes locks, waits, work queues and guarded fields, all seen by the same validator.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Later } from '../runtime/later.ts';
import type { Task } from '../runtime/task.ts';
import { ActiveReference } from './active-reference.ts';
import { Completion, type CompletionOptions } from './completion.ts';
import { Findings } from './finding.ts';
import type { FieldOwner, GuardedField } from './guarded-field.ts';
import { heldGuards, heldNames, type Guard } from './guard.ts';
import { IrqSections } from './irq-section.ts';
import { HungTaskWatch, type HungTaskOptions } from './hung-task.ts';
import type { ContextKind, LockClass } from './lock-class.ts';
import { LockContext } from './lock-context.ts';
import { LockMap } from './lock-map.ts';
import { LockStatistics } from './lock-stat.ts';
import { Lockdep } from './lockdep.ts';
import { Mutex } from './mutex.ts';
import { reportMisuse } from './misuse.ts';
import { ReaderPreferringLock } from './reader-preferring-lock.ts';
import { RwSemaphore, type RwSemaphoreOptions } from './rw-semaphore.ts';
import { SharedState, type SharedStateOptions } from './shared-state.ts';
import { deliverSignal } from './signal.ts';
import { SpinLock } from './spin-lock.ts';
import { nobodyCanGoOn } from './wait-for.ts';
import { WaitQueue } from './wait-queue.ts';
import { WorkItem, WorkQueue } from './work-item.ts';

export interface LockLayerOptions {
  readonly findings?: Findings;
  /** Learn the lock order and report cycles. Default true. */
  readonly validate?: boolean;
  /** The validator of a campaign: warm with what its earlier executions taught it. Default: a new one. */
  readonly lockdep?: Lockdep;
  /**
   * What Linux does not know of, too: lock maps of waits that are made by hand (wait queues, completions), and orders that were declared.
   * False: the view of Linux lockdep. Default true.
   */
  readonly maps?: boolean;
  /**
   * Note where in the code each sequence of locks was completed first, and where objects were freed: a stack for each. A `lockdep` that is
   * passed in has its own answer for its part. Default true.
   */
  readonly places?: boolean;
  /** Look for actual deadlocks whenever a task blocks. Default true. */
  readonly waitFor?: boolean;
  /** Count acquisitions and sample times (about 90 ns each). Default false. */
  readonly statistics?: boolean;
  /** What else the checks of shared state look for. */
  readonly state?: SharedStateOptions;
}

export class LockLayer {
  readonly rt: Runtime;
  readonly findings: Findings;
  readonly lockdep: Lockdep | null;
  readonly statistics: LockStatistics | null;
  private readonly ctx: LockContext;
  private readonly options: LockLayerOptions;
  /** Made when they are asked for: a world of two locks is built a hundred thousand times a second. */
  private shared: SharedState | null = null;
  private irqs: IrqSections | null = null;
  /** Somebody may wait for ever from now on: a deadlock, or a task that ended with a lock held. */
  private suspicious = false;

  constructor(rt: Runtime, options: LockLayerOptions = {}) {
    this.rt = rt;
    this.findings = options.findings ?? new Findings();
    this.lockdep = (options.validate ?? true) ? (options.lockdep ?? new Lockdep(options)) : null;
    this.lockdep?.attach(this.findings, () => rt.now());
    this.statistics = options.statistics === true ? new LockStatistics(() => rt.now()) : null;
    this.ctx = new LockContext(rt, {
      findings: this.findings,
      dep: this.lockdep,
      stats: this.statistics,
      waitFor: options.waitFor ?? true,
    });
    this.options = options;
    rt.onTaskEnd((task) => this.checkExit(task));
    rt.onTaskBlock((task) => {
      this.lockdep?.mightSleep(task, 'the end of another task');
      this.ctx.blocked(task);
    });
  }

  /** Lifetimes, invariant groups, fields without a guard. */
  get state(): SharedState {
    return (this.shared ??= new SharedState(this.ctx, this.options.state, this.options.places ?? true));
  }

  mutex(cls: LockClass, name: string): Mutex {
    return new Mutex(this.ctx, cls, name);
  }

  rwSemaphore(cls: LockClass, name: string, options?: RwSemaphoreOptions): RwSemaphore {
    return new RwSemaphore(this.ctx, cls, name, options);
  }

  readerPreferringLock(cls: LockClass, name: string): ReaderPreferringLock {
    return new ReaderPreferringLock(this.ctx, cls, name);
  }

  /** The class must be declared spin. */
  spinLock(cls: LockClass, name: string): SpinLock {
    return new SpinLock(this.ctx, cls, name);
  }

  /** Until the end of the scope the task runs in an interrupt, or with interrupts off. */
  irqSection(task: Task, kind: ContextKind): Guard {
    return (this.irqs ??= new IrqSections(this.ctx)).enter(task, kind);
  }

  /** Says in which order classes are taken, outermost first, by their names: broken at the first acquisition that does otherwise. */
  declareOrder(names: readonly string[], by: string): void {
    if (this.options.maps ?? true) this.lockdep?.declareOrder(names, by);
  }

  /** A signal for `target`: an interruptible wait of it ends. `by` is null when it comes from outside. */
  interrupt(by: Task | null, target: Task): void {
    const arrive = (): void => {
      this.rt.touch(target, Access.WRITE);
      deliverSignal(target);
    };
    if (by === null) arrive();
    else this.rt.effect(by, new Later('signal', arrive), false);
  }

  map(cls: LockClass, name: string): LockMap {
    return new LockMap(this.ctx, cls, name, this.options.maps ?? true);
  }

  waitQueue(map: LockMap): WaitQueue {
    return new WaitQueue(this.ctx, map);
  }

  completion(cls: LockClass, name: string, options?: CompletionOptions): Completion {
    return new Completion(this.ctx, this.map(cls, name), options);
  }

  workQueue(cls: LockClass, name: string): WorkQueue {
    return new WorkQueue(this.ctx, cls, name);
  }

  workItem(queue: WorkQueue, cls: LockClass, options: { name: string; body: (task: Task) => Promise<void> }): WorkItem {
    return new WorkItem(queue, cls, options);
  }

  activeReference(cls: LockClass, name: string): ActiveReference {
    return new ActiveReference(this.ctx, cls, name);
  }

  field<T>(owner: FieldOwner, label: string, value: T): GuardedField<T> {
    return this.state.field(owner, label, value);
  }

  /** Validates a wait for something that does not exist as an object now (an attribute nobody has opened). */
  checkWait(task: Task, cls: LockClass): void {
    this.lockdep?.checkWait(task, cls);
  }

  /** Watches for tasks that wait too long, from now on. */
  watchHungTasks(options: HungTaskOptions = {}): HungTaskWatch {
    return new HungTaskWatch(this.ctx, options);
  }

  /** Live runtime: `stuck` is called once, as soon as no foreground task can go on after a deadlock or a lock that nobody will release. */
  onStuck(stuck: () => void): void {
    let told = false;
    const check = (): void => {
      if (told || !this.suspicious || !nobodyCanGoOn(this.rt.tasks)) return;
      told = true;
      stuck();
    };
    this.ctx.onDeadlock = () => {
      this.suspicious = true;
      // The reporting task is about to enter its queue; whoever is free now may still block behind it.
      this.rt.timer('stuck check', 0, check);
    };
    this.ctx.onBlock = () => {
      if (this.suspicious) this.rt.timer('stuck check', 0, check);
    };
    this.rt.onTaskEnd(check);
  }

  private checkExit(task: Task): void {
    if (task.held === null) return;
    this.suspicious = true;
    const names = heldNames(task);
    const what = names.length > 0 ? `holds ${names.join(', ')}` : `has ${(task.held as Guard).lock.name}`;
    const title = `${task.name} ends while it still ${what}`;
    reportMisuse(this, {
      rule: 'exit-while-held',
      about: `${task.name}:${names.join(',')}`,
      title,
      tasks: [task],
      taken: [...heldGuards(task)],
    });
  }
}
