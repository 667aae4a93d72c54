/**
 * The directory `power` of a device (drivers/base/power/sysfs.c): what runtime power management says of a device that never enables it.
 */
import { EINVAL, EIO, OK } from '../base/errno.ts';
import type { Mutex } from '../locks/mutex.ts';
import { Access } from '../runtime/access.ts';
import type { AttributeDef } from './attribute.ts';
import type { Directory } from './directory.ts';

/** What the administrator said of it. */
class DevicePower {
  readonly folder: Directory;
  /** dev->mutex. */
  readonly lock: Mutex;
  /** `auto`: it might sleep. Written under `lock`; who reads does not take it. */
  auto = true;

  constructor(folder: Directory, lock: Mutex) {
    this.folder = folder;
    this.lock = lock;
  }
}

const POWER: readonly AttributeDef<DevicePower>[] = [
  {
    name: 'control',
    mode: 0o644,
    show(_task, power) {
      power.folder.layer.rt.touch(power, Access.READ);
      return power.auto ? 'auto\n' : 'on\n';
    },
    async store(task, power, text) {
      const word = text.replace(/\n$/, '');
      using _lock = await power.lock.acquire(task);
      if (word !== 'auto' && word !== 'on') return EINVAL;
      power.folder.layer.rt.touch(power, Access.WRITE);
      power.auto = word === 'auto';
      return OK;
    },
  },
  { name: 'runtime_status', mode: 0o444, show: () => 'unsupported\n' },
  { name: 'runtime_active_time', mode: 0o444, show: () => '0\n' },
  { name: 'runtime_suspended_time', mode: 0o444, show: () => '0\n' },
  // No driver here asked for a delay: then there is none to show or to set.
  { name: 'autosuspend_delay_ms', mode: 0o644, show: () => EIO, store: () => EIO },
];

export function addPowerFiles(folder: Directory, lock: Mutex): void {
  folder.addAttributes(POWER, new DevicePower(folder, lock));
}
