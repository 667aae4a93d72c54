/**
 * `mutex-condvar-rwlock`, the sixth alternative weighed in autumn 2021: the lock of reader-preferring-rwlock, built from a mutex and a wait
 * queue. Both waits have a map, so that the validator sees the lock although it is made by hand.
 *
 * Order: that of reader-preferring-rwlock, with the two sides of the lock as two classes. The inner mutex is a leaf.
 */
import type { Guard } from '../../locks/guard.ts';
import { LockClass } from '../../locks/lock-class.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { LockMap } from '../../locks/lock-map.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { WaitQueue } from '../../locks/wait-queue.ts';
import type { Task } from '../../runtime/task.ts';
import { FairRwlock, type Hold, type MatrixRwlock } from './fair-rwlock.ts';
import type { DesignContext } from './port.ts';

const INNER = new LockClass('matrix_dev->mutex', { protects: 'who is inside the hand-made lock' });
const WRITER = new LockClass('matrix_dev writer', { protects: 'waited for by readers and writers until no writer is inside' });
const READERS = new LockClass('matrix_dev readers', { protects: 'waited for by writers until no reader is inside' });

class CondvarHold implements Hold {
  guard: Guard | null;
  reads: boolean;
  private readonly lock: CondvarRwlock;

  constructor(lock: CondvarRwlock, guard: Guard, reads: boolean) {
    this.lock = lock;
    this.guard = guard;
    this.reads = reads;
  }

  release(): void {
    if (this.guard !== null) this.lock.leave(this, this.guard);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

class CondvarRwlock implements MatrixRwlock {
  readonly name = 'matrix_dev->lock';
  private readonly inner: Mutex;
  private readonly writer: LockMap;
  private readonly readers: LockMap;
  private readonly noWriter: WaitQueue;
  private readonly noReaders: WaitQueue;

  constructor(layer: LockLayer) {
    this.inner = layer.mutex(INNER, INNER.name);
    this.writer = layer.map(WRITER, WRITER.name);
    this.readers = layer.map(READERS, READERS.name);
    this.noWriter = layer.waitQueue(this.writer);
    this.noReaders = layer.waitQueue(this.readers);
  }

  heldBy(task: Task): boolean {
    return this.readers.holders.includes(task) || this.heldExclusivelyBy(task);
  }

  heldExclusivelyBy(task: Task): boolean {
    return this.writer.holders.includes(task);
  }

  async read(task: Task): Promise<Hold> {
    using drop = await this.inner.acquire(task);
    await this.noWriter.wait(task, () => this.writer.holders.length === 0, { drop });
    return new CondvarHold(this, this.readers.hold(task), true);
  }

  async write(task: Task): Promise<Hold> {
    using drop = await this.inner.acquire(task);
    // Each wait gives the mutex back: the other side may have come in meanwhile.
    do {
      await this.noWriter.wait(task, () => this.writer.holders.length === 0, { drop });
      await this.noReaders.wait(task, () => this.readers.holders.length === 0, { drop });
    } while (this.writer.holders.length > 0);
    return new CondvarHold(this, this.writer.hold(task), false);
  }

  downgrade(hold: CondvarHold): void {
    const { guard } = hold;
    if (guard === null || hold.reads) throw new Error('expected a writer to become a reader, got a reader or nobody');
    guard.release();
    hold.guard = this.readers.hold(guard.task);
    hold.reads = true;
    this.noWriter.wakeAll(guard.task);
  }

  leave(hold: CondvarHold, guard: Guard): void {
    hold.guard = null;
    guard.release();
    (hold.reads ? this.noReaders : this.noWriter).wakeAll(guard.task);
  }
}

export class MutexCondvarRwlock extends FairRwlock {
  override readonly name: string = 'mutex-condvar-rwlock';
  override readonly order: readonly (readonly string[])[] = [
    ['ap_attr_mutex', 'matrix_dev writer'],
    ['ap_attr_mutex', 'matrix_dev readers'],
    ['matrix_dev readers', 'kvm->lock'],
    ['vcpu->mutex', 'matrix_dev writer'],
    ['vcpu->mutex', 'vfio_ap queue lock'],
    ['matrix_dev readers', 'vfio_ap queue lock'],
  ];

  constructor(context: DesignContext) {
    super(context, new CondvarRwlock(context.layer));
  }
}
