/**
 * The attribute `online` of cards and queues, and the uevent about it (online_store and ap_send_online_uevent of
 * drivers/s390/crypto/zcrypt_card.c, zcrypt_queue.c, ap_bus.c).
 */
import { EINVAL, OK, type Errno } from '../../base/errno.ts';
import { scanInteger } from '../../base/kernel-text.ts';
import type { Task } from '../../runtime/task.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';
import type { Bus } from '../../driver-core/bus.ts';
import type { Device } from '../../driver-core/device.ts';
import type { ZcryptOptions } from './zcrypt-options.ts';

/** A card or a queue that users switch on and off. */
export interface Switchable {
  /** What `online` reads: as the user wants it, and the hardware is there. */
  readonly shownOnline: boolean;
  /** Why it cannot be switched on now: -ENODEV for the hardware, -EINVAL for the card of a queue. */
  obstacle(): Errno;
  /** Told to user space even when nothing changes. */
  switchOnline(task: Task, online: boolean): Promise<void>;
}

/** A definition of its own for each kind of device, as each has a lock class of its own in the kernel. */
export function onlineAttribute<Owner extends Switchable>(): AttributeDef<Owner> {
  return {
    name: 'online',
    mode: 0o644,
    show: (_task, it) => `${it.shownOnline ? 1 : 0}\n`,
    async store(task, it, text) {
      const value = scanInteger(text);
      if (value !== 0 && value !== 1) return EINVAL;
      const rc = value === 1 ? it.obstacle() : OK;
      if (rc === OK) await it.switchOnline(task, value === 1);
      return rc;
    },
  };
}

export function sendOnline(bus: Bus, device: Device, online: boolean): void {
  bus.send('change', device, { ONLINE: online ? '1' : '0' });
}

/** Deconfigured or checkstopped: whatever the user wants. Older kernels look at the first only. */
export function isBroken({ kernel }: ZcryptOptions, { config, chkstop }: { readonly config: boolean; readonly chkstop: boolean }): boolean {
  return !config || (chkstop && kernel.onlineMindsCheckstop);
}
