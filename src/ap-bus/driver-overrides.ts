/**
 * driver_override of queues (d38a87d7c064 in drivers/s390/crypto/ap_queue.c and ap_bus.c; struct device since 2026): the name of the one
 * driver that may have the queue. Masks and names exclude each other: a name is refused while a mask has a clear bit, a mask while there is
 * a name anywhere. A name that leaves with its device does not count any more.
 *
 * Names are guarded by the attribute mutex and a small spin lock of the device; either is enough to read one. The lock exists only for
 * devices that have had a name, so that a host without names pays nothing. `device-lock` is the first version: the device's own mutex in
 * its place, which a probe holds when it asks for the attribute mutex; and a change of the masks reads names without any lock.
 */
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import type { ApMask } from '../base/ap-mask.ts';
import { EINVAL, ERESTARTSYS, OK, type Errno } from '../base/errno.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import { Access } from '../runtime/access.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Device } from '../driver-core/device.ts';
import type { ApPermissions } from './ap-permissions.ts';
import { OVERRIDE_LOCK } from './lock-classes.ts';

export type OverrideLocking = 'spin-lock' | 'device-lock';

/** A page with its zero byte: what is as long may have been cut off. */
const TOO_LONG = 4095;

/** A queue on the bus. */
export interface Overridable {
  readonly apqn: Apqn;
  readonly device: Device;
}

/** The name of one device. */
interface Override {
  readonly lock: Mutex;
  readonly name: GuardedField<string | null>;
}

export class DriverOverrides {
  readonly name = 'driver_override';
  private readonly layer: LockLayer;
  private readonly permissions: ApPermissions;
  private readonly locking: OverrideLocking;
  /** Devices that have a name now (ap_driver_override_ctr is their number). Guarded by the attribute mutex. */
  private readonly named: GuardedField<Set<Overridable>>;
  /** Devices that have had one: looked at without a lock. */
  private readonly known = new Map<Overridable, Override>();

  constructor(layer: LockLayer, permissions: ApPermissions, locking: OverrideLocking) {
    this.layer = layer;
    this.permissions = permissions;
    this.locking = locking;
    this.named = layer.field(this, 'queues', new Set<Overridable>());
    this.named.guardedBy([permissions.attrMutex]);
  }

  /** The caller holds the attribute mutex. */
  any(task: Task): boolean {
    return this.named.get(task).size > 0;
  }

  /** Those of apm x aqm that have a name; the caller holds the attribute mutex. */
  within(task: Task, apm: ApMask, aqm: ApMask): Overridable[] {
    return [...this.named.get(task)].filter(({ apqn }) => apm.has(adapterOf(apqn)) && aqm.has(domainOf(apqn)));
  }

  /** The same without the mutex: the answer may be old when it comes. */
  withinInTheOpen(apm: ApMask, aqm: ApMask): Overridable[] {
    return [...this.named.inspect()].filter(({ apqn }) => apm.has(adapterOf(apqn)) && aqm.has(domainOf(apqn)));
  }

  /** The driver that may have the device, null: any. For a probe, which holds the mutex of the device, and for a change of the masks. */
  driverOf(task: Task, it: Overridable): MaybePromise<string | null> {
    const override = this.find(it);
    if (override === null) return null;
    return this.locking === 'device-lock' ? override.name.get(task) : look(task, override);
  }

  /** A read of the attribute. */
  async show(task: Task, it: Overridable): Promise<string> {
    const override = this.find(it);
    return `${(override === null ? null : await look(task, override)) ?? ''}\n`;
  }

  /** A write: up to the first newline it is the name, nothing at all takes the name away. Nobody is bound or unbound by it. */
  async store(task: Task, it: Overridable, text: string): Promise<Errno> {
    using attr = await this.permissions.attrMutex.acquire(task, { interruptible: true });
    if (attr === null) return ERESTARTSYS;
    if (this.permissions.inUse(task) || Buffer.byteLength(text) >= TOO_LONG) return EINVAL;
    const name = text.split('\n', 1)[0]!;
    await this.change(task, it, name === '' ? null : name);
    return OK;
  }

  /** The device has gone, and its attribute: its name goes with it. */
  async forget(task: Task, it: Overridable): Promise<void> {
    if (this.find(it) === null) return;
    using _attr = await this.permissions.attrMutex.acquire(task);
    await this.change(task, it, null);
    this.layer.rt.touch(this.known, Access.WRITE);
    this.known.delete(it);
  }

  /** The attribute mutex is held. */
  private async change(task: Task, it: Overridable, name: string | null): Promise<void> {
    const override = this.find(it) ?? (name === null ? null : this.add(it));
    if (override === null) return;
    const named = this.named.modify(task);
    if (name === null) named.delete(it);
    else named.add(it);
    using _small = await override.lock.acquire(task);
    override.name.set(task, name);
  }

  private add(it: Overridable): Override {
    const { layer, locking, permissions } = this;
    const { device } = it;
    const lock = locking === 'device-lock' ? device.lock : layer.spinLock(OVERRIDE_LOCK, `${device.name} driver_override.lock`);
    const name = layer.field<string | null>(device, 'driver_override', null);
    name.guardedBy([permissions.attrMutex, lock]);
    const override = { lock, name };
    layer.rt.touch(this.known, Access.WRITE);
    this.known.set(it, override);
    return override;
  }

  private find(it: Overridable): Override | null {
    this.layer.rt.touch(this.known, Access.READ);
    return this.known.get(it) ?? null;
  }
}

async function look(task: Task, { lock, name }: Override): Promise<string | null> {
  using _small = await lock.acquire(task);
  return name.get(task);
}
