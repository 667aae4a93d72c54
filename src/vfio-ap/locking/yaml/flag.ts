/**
 * A flag of an object that others wait for without holding a lock (kernel: a bool and a wait_queue_head_t). It has a lock map, so that the
 * validator treats setting, clearing and waiting as what they are. Changed under a lock of the design.
 */
import { Access } from '../../../runtime/access.ts';
import type { FieldGuard } from '../../../locks/guarded-field.ts';
import type { Guard } from '../../../locks/guard.ts';
import type { LockClass } from '../../../locks/lock-class.ts';
import type { LockLayer } from '../../../locks/lock-layer.ts';
import type { LockMap } from '../../../locks/lock-map.ts';
import type { WaitQueue } from '../../../locks/wait-queue.ts';
import type { MaybePromise, Runtime } from '../../../runtime/runtime.ts';
import type { Task } from '../../../runtime/task.ts';

export class Flag implements FieldGuard {
  readonly name: string;
  private readonly rt: Runtime;
  private readonly map: LockMap;
  private readonly queue: WaitQueue;
  private holder: Guard | null = null;

  constructor(layer: LockLayer, cls: LockClass, name: string) {
    this.name = name;
    this.rt = layer.rt;
    this.map = layer.map(cls, name);
    this.queue = layer.waitQueue(this.map);
  }

  get on(): boolean {
    this.rt.touch(this.map, Access.READ);
    return this.holder !== null;
  }

  heldBy(task: Task): boolean {
    return this.holder?.task === task;
  }

  heldExclusivelyBy(task: Task): boolean {
    return this.heldBy(task);
  }

  /** Whoever sets it a second time takes it over, as the kernel's bool does. */
  set(task: Task): Guard {
    this.holder?.release();
    this.holder = this.map.hold(task);
    return this.holder;
  }

  clear(task: Task): void {
    this.holder?.release();
    this.holder = null;
    this.queue.wakeAll(task);
  }

  /** Sleeps, without `drop`, until it is clear; `drop` is held again then. */
  waitUntilClear(task: Task, drop: Guard | null): MaybePromise<boolean> {
    return this.queue.wait(task, () => this.holder === null, drop === null ? {} : { drop });
  }
}
