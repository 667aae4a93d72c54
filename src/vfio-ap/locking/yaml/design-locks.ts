/**
 * The locks of a design file, made for each object when it is adopted, and how the verbs of steps act on them. No kernel counterpart.
 */
import type { Kvm } from '../../../kvm/kvm.ts';
import type { Guard } from '../../../locks/guard.ts';
import type { LockLayer } from '../../../locks/lock-layer.ts';
import { Mutex } from '../../../locks/mutex.ts';
import { ReaderPreferringLock } from '../../../locks/reader-preferring-lock.ts';
import { RwSemaphore } from '../../../locks/rw-semaphore.ts';
import type { MaybePromise } from '../../../runtime/runtime.ts';
import type { Task } from '../../../runtime/task.ts';
import type { ApMatrixMdev } from '../../ap-matrix-mdev.ts';
import type { MatrixDev } from '../../matrix-dev.ts';
import type { VfioApQueue } from '../../vfio-ap-queue.ts';
import { Flag } from './flag.ts';
import type { LockOwner, LockPlan, Mode } from './plan.ts';

type SharedLock = RwSemaphore | ReaderPreferringLock;
export type DesignLock = Mutex | SharedLock | Flag;

/** An object that can have locks. */
export type Owner = MatrixDev | Kvm | ApMatrixMdev | VfioApQueue;

export class DesignLocks {
  private readonly layer: LockLayer;
  private readonly plans: ReadonlyMap<string, LockPlan>;
  /** By object; not in the object, whose own place for it belongs to whoever made the driver. */
  private readonly made = new WeakMap<Owner, ReadonlyMap<string, DesignLock>>();

  constructor(layer: LockLayer, plans: ReadonlyMap<string, LockPlan>) {
    this.layer = layer;
    this.plans = plans;
  }

  adoptHost(host: MatrixDev): void {
    this.adopt(host, 'host', new Map([['ap_attr_mutex', host.host.bus.attrMutex]]));
  }

  adoptKvm(kvm: Kvm): void {
    const own: [string, DesignLock][] = [
      ['kvm->lock', kvm.lock],
      ['pqap_hook_rwsem', kvm.pqapHookRwsem],
    ];
    this.adopt(kvm, 'kvm', new Map(own));
  }

  adopt(owner: Owner, kind: LockOwner, locks: Map<string, DesignLock> = new Map()): void {
    for (const [name, plan] of this.plans) {
      if (plan.of === kind && plan.cls !== null) locks.set(name, this.make(plan, kind === 'host' ? name : `${name} of ${owner.name}`));
    }
    this.made.set(owner, locks);
  }

  ownerOf(name: string): LockOwner {
    return this.plans.get(name)!.of;
  }

  /** The lock of that object. */
  of(name: string, owner: Owner): DesignLock {
    return this.made.get(owner)!.get(name)!;
  }

  private make({ kind, cls }: LockPlan, name: string): DesignLock {
    switch (kind) {
      case 'mutex':
        return this.layer.mutex(cls!, name);
      case 'rwsem':
        return this.layer.rwSemaphore(cls!, name);
      case 'rwlock':
        return this.layer.readerPreferringLock(cls!, name);
      case 'flag':
        return new Flag(this.layer, cls!, name);
    }
  }
}

export function take(lock: DesignLock, task: Task, mode: Mode): MaybePromise<Guard> {
  if (lock instanceof Mutex) return lock.acquire(task);
  if (lock instanceof Flag) return lock.set(task);
  return mode === 'read' ? lock.read(task) : lock.write(task);
}

export function tryTake(lock: DesignLock, task: Task, mode: Mode): MaybePromise<Guard | null> {
  if (lock instanceof Mutex) return lock.tryAcquire(task);
  if (lock instanceof Flag) return lock.on ? null : lock.set(task);
  return mode === 'read' ? lock.tryRead(task) : lock.tryWrite(task);
}

/** `guard`: what this procedure got when it took the lock; without it, or with a mode, by name, as a kernel without guards does. */
export function release(lock: DesignLock, task: Task, how: { readonly guard: Guard | null; readonly mode?: Mode | null }): void {
  const { guard, mode = null } = how;
  if (lock instanceof Flag) lock.clear(task);
  else if (guard !== null && mode === null) guard.release();
  else if (lock instanceof Mutex) lock.release(task);
  else if (mode === 'read') lock.releaseRead(task);
  else lock.releaseWrite(task);
}

export function downgrade(lock: DesignLock, guard: Guard): void {
  if (lock instanceof RwSemaphore || lock instanceof ReaderPreferringLock) lock.downgrade(guard);
}
