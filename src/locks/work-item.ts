/**
 * Work items and their queue (kernel/workqueue.c). Running one holds the maps of the item and of its queue; flushing waits for the item's,
 * so "flush under a lock that the work takes" is seen in every run. Each run of an item is a task of its own, as on a queue without a
 * limit on concurrency (system_long_wq): work on such a queue may flush other work on it.
 */
import type { Blocker, Task } from '../runtime/task.ts';
import { heldGuards } from './guard.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import { LockMap } from './lock-map.ts';
import { reportMisuse } from './misuse.ts';
import { WaitQueue } from './wait-queue.ts';

export class WorkQueue {
  readonly name: string;
  readonly ctx: LockContext;
  readonly map: LockMap;
  /** One for each item that is queued or runs. */
  readonly workers = new Set<Task>();
  private readonly idle: WaitQueue;

  constructor(ctx: LockContext, cls: LockClass, name: string) {
    this.ctx = ctx;
    this.name = name;
    this.map = new LockMap(ctx, cls, name);
    this.idle = new WorkIdle(ctx, this.map, () => this.workers);
  }

  /** Waits until none of its items is queued or runs (kernel: drain_workqueue). */
  async drain(task: Task): Promise<void> {
    await this.idle.wait(task, () => this.workers.size === 0);
  }

  /** A worker has nothing left to do. */
  workerDone(worker: Task): void {
    this.workers.delete(worker);
    if (this.workers.size === 0) this.idle.wakeAll(worker);
  }
}

type WorkBody = (task: Task) => Promise<void>;

export class WorkItem {
  readonly name: string;
  /** The task that queued it last: a field whose guard that task holds may be touched by the work (delegation). */
  queuedBy: Task | null = null;
  /** Tasks that wait for it now, likewise. */
  readonly flushers: Task[] = [];
  private readonly queue: WorkQueue;
  private readonly idle: WaitQueue;
  private readonly body: WorkBody;
  private worker: Task | null = null;
  private pending = false;

  constructor(queue: WorkQueue, cls: LockClass, options: { name: string; body: WorkBody }) {
    this.queue = queue;
    this.name = options.name;
    this.body = options.body;
    const workers = (): Iterable<Task> => (this.worker === null ? [] : [this.worker]);
    this.idle = new WorkIdle(queue.ctx, new LockMap(queue.ctx, cls, options.name), workers);
  }

  get busy(): boolean {
    return this.pending || this.worker !== null;
  }

  /** False when it is queued already and has not begun (kernel: queue_work). */
  queueWork(by: Task): boolean {
    this.queue.ctx.order?.published(by, this);
    this.idle.touched();
    if (this.pending) return false;
    this.pending = true;
    this.queuedBy = by;
    if (this.worker === null) this.start();
    return true;
  }

  /** Waits until it is neither queued nor running. */
  async flush(task: Task): Promise<void> {
    this.flushers.push(task);
    try {
      await this.idle.wait(task, () => !this.busy);
    } finally {
      this.flushers.splice(this.flushers.indexOf(task), 1);
    }
  }

  /** Takes it off the queue and waits for a run that has begun; true when it was queued (kernel: cancel_work_sync). */
  async cancel(task: Task): Promise<boolean> {
    const { pending } = this;
    this.idle.touched();
    this.pending = false;
    await this.flush(task);
    return pending;
  }

  private start(): void {
    this.worker = this.queue.ctx.rt.spawn(`kworker/${this.name}`, (task) => this.run(task));
    this.queue.workers.add(this.worker);
  }

  private async run(task: Task): Promise<void> {
    task.work = this;
    const queueMap = this.queue.map.enter(task);
    const itemMap = this.idle.map.enter(task);
    try {
      while (this.pending) {
        this.idle.touched();
        this.pending = false;
        // Each run begins with nothing in its hands.
        task.seen = null;
        this.queue.ctx.order?.received(task, this);
        await this.body(task);
        if (task.held !== itemMap) this.leftover(task);
      }
    } finally {
      itemMap.release();
      queueMap.release();
      this.worker = null;
      // Queued again while a body ran that threw: the next run is not lost with it.
      if (this.pending) this.start();
      this.idle.wakeAll(task);
      this.queue.workerDone(task);
    }
  }

  /** A run must give back whatever it takes (kernel: process_one_work). */
  private leftover(task: Task): void {
    const taken = [...heldGuards(task)].filter(({ lock }) => lock !== this.idle.map && lock !== this.queue.map);
    const title = `the work ${this.name} ends with ${taken.map(({ lock }) => lock.name).join(', ')} held`;
    reportMisuse(this.queue.ctx, { rule: 'work-leaves-lock', about: this.name, title, tasks: [task], taken });
  }
}

/** Who waits for work waits for its workers, even before they have begun. */
class WorkIdle extends WaitQueue implements Blocker {
  private readonly workers: () => Iterable<Task>;

  constructor(ctx: LockContext, map: LockMap, workers: () => Iterable<Task>) {
    super(ctx, map);
    this.workers = workers;
  }

  override blockers(_task: Task, visit: (holder: Task) => boolean): boolean {
    for (const worker of this.workers()) if (visit(worker)) return true;
    return false;
  }
}

/** Does the work that this task runs belong to a task for which `holds` is true? */
export function delegated(task: Task, holds: (owner: Task) => boolean): boolean {
  if (!(task.work instanceof WorkItem)) return false;
  const { queuedBy, flushers } = task.work;
  return (queuedBy !== null && holds(queuedBy)) || flushers.some(holds);
}
