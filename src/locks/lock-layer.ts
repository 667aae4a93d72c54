/**
 * The lock layer of one run: makes locks, waits, work queues and guarded fields, all seen by the same validator.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { ActiveReference } from './active-reference.ts';
import { Completion } from './completion.ts';
import { Findings } from './finding.ts';
import { GuardedField } from './guarded-field.ts';
import { heldNames } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import { LockContext } from './lock-context.ts';
import { LockMap } from './lock-map.ts';
import { LockStatistics } from './lock-stat.ts';
import { Lockdep } from './lockdep.ts';
import { Mutex } from './mutex.ts';
import { RwSemaphore } from './rw-semaphore.ts';
import { nobodyCanGoOn } from './wait-for.ts';
import { WaitQueue } from './wait-queue.ts';
import { WorkItem, WorkQueue } from './work-item.ts';

export interface LockLayerOptions {
  readonly findings?: Findings;
  /** Learn the lock order and report cycles. Default true. */
  readonly validate?: boolean;
  /** Look for actual deadlocks whenever a task blocks. Default true. */
  readonly waitFor?: boolean;
  /** Count acquisitions and sample times (about 90 ns each). Default false. */
  readonly statistics?: boolean;
}

export class LockLayer {
  readonly rt: Runtime;
  readonly findings: Findings;
  readonly lockdep: Lockdep | null;
  readonly statistics: LockStatistics | null;
  private readonly ctx: LockContext;
  /** Somebody may wait for ever from now on: a deadlock, or a task that ended with a lock held. */
  private suspicious = false;

  constructor(rt: Runtime, options: LockLayerOptions = {}) {
    this.rt = rt;
    this.findings = options.findings ?? new Findings();
    this.lockdep = (options.validate ?? true) ? new Lockdep(this.findings, () => rt.now()) : null;
    this.statistics = options.statistics === true ? new LockStatistics(() => rt.now()) : null;
    this.ctx = new LockContext(rt, {
      findings: this.findings,
      dep: this.lockdep,
      stats: this.statistics,
      waitFor: options.waitFor ?? true,
    });
    rt.onTaskEnd((task) => this.checkExit(task));
    rt.onTaskBlock((task) => this.ctx.blocked(task));
  }

  mutex(cls: LockClass, name: string): Mutex {
    return new Mutex(this.ctx, cls, name);
  }

  rwSemaphore(cls: LockClass, name: string): RwSemaphore {
    return new RwSemaphore(this.ctx, cls, name);
  }

  map(cls: LockClass, name: string): LockMap {
    return new LockMap(this.ctx, cls, name);
  }

  waitQueue(map: LockMap): WaitQueue {
    return new WaitQueue(this.ctx, map);
  }

  completion(cls: LockClass, name: string): Completion {
    return new Completion(this.ctx, this.map(cls, name));
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

  field<T>(owner: { readonly name: string }, label: string, value: T): GuardedField<T> {
    return new GuardedField(this, owner, { label, value });
  }

  /** Validates a wait for something that does not exist as an object now (an attribute nobody has opened). */
  checkWait(task: Task, cls: LockClass): void {
    this.lockdep?.checkWait(task, cls);
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
    this.findings.report({
      kind: 'assertion',
      key: `exit-held:${task.name}:${heldNames(task).join(',')}`,
      title: `${task.name} ends while it still holds ${heldNames(task).join(', ')}`,
      tasks: [task.name],
      time: this.rt.now(),
    });
  }
}
