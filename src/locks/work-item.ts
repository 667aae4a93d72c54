/**
 * Work items and their queue (kernel/workqueue.c). Running one holds the maps of the item and of its queue; flushing waits for the item's,
 * so "flush under a lock that the work takes" is seen in every run. Each run of an item is a task of its own, as on a queue without a
 * limit on concurrency (system_long_wq): work on such a queue may flush other work on it.
 */
import type { Blocker, Task } from '../runtime/task.ts';
import type { LockClass } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import { LockMap } from './lock-map.ts';
import { WaitQueue } from './wait-queue.ts';

export class WorkQueue {
  readonly name: string;
  readonly ctx: LockContext;
  readonly map: LockMap;

  constructor(ctx: LockContext, cls: LockClass, name: string) {
    this.ctx = ctx;
    this.name = name;
    this.map = new LockMap(ctx, cls, name);
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
    this.idle = new ItemIdle(queue.ctx, new LockMap(queue.ctx, cls, options.name), () => this.worker);
  }

  get busy(): boolean {
    return this.pending || this.worker !== null;
  }

  /** False when it is queued already and has not begun (kernel: queue_work). */
  queueWork(by: Task): boolean {
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

  private start(): void {
    this.worker = this.queue.ctx.rt.spawn(`kworker/${this.name}`, (task) => this.run(task));
  }

  private async run(task: Task): Promise<void> {
    task.work = this;
    const queueMap = this.queue.map.enter(task);
    const itemMap = this.idle.map.enter(task);
    try {
      while (this.pending) {
        this.pending = false;
        await this.body(task);
      }
    } finally {
      itemMap.release();
      queueMap.release();
      this.worker = null;
      // Queued again while a body ran that threw: the next run is not lost with it.
      if (this.pending) this.start();
      this.idle.wakeAll(task);
    }
  }
}

/** A flusher waits for the worker even before that has begun. */
class ItemIdle extends WaitQueue implements Blocker {
  private readonly worker: () => Task | null;

  constructor(ctx: LockContext, map: LockMap, worker: () => Task | null) {
    super(ctx, map);
    this.worker = worker;
  }

  override blockers(_task: Task, visit: (holder: Task) => boolean): boolean {
    const worker = this.worker();
    return worker !== null && visit(worker);
  }
}

/** Does the work that this task runs belong to a task for which `holds` is true? */
export function delegated(task: Task, holds: (owner: Task) => boolean): boolean {
  if (!(task.work instanceof WorkItem)) return false;
  const { queuedBy, flushers } = task.work;
  return (queuedBy !== null && holds(queuedBy)) || flushers.some(holds);
}
