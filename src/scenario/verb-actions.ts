/**
 * What the verbs of a scenario do to a host: writes and reads in its sysfs, guests that come and go, cards that are plugged.
 * No kernel counterpart: this is the administrator, the service element and the person at the machine.
 */
import { ApMask } from '../base/ap-mask.ts';
import { ENODEV, ESRCH, OK, errnoName, type Errno } from '../base/errno.ts';
import { parseCardType } from '../crypto-adapters/card-type.ts';
import { secureExecution } from '../kvm/secure-execution.ts';
import { clearSignal } from '../locks/signal.ts';
import type { Machine } from '../machine/machine.ts';
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import { faultVerbText, performFault } from './fault-verb.ts';
import { ioctlText, performIoctl } from './ioctl-verb.ts';
import type { Verb } from './scenario.ts';

/** A verb that is one action; `repeat` and `pause` are the player's. */
export type Action = Exclude<Verb, { kind: 'repeat' | 'pause' }>;

/** 0, a byte count, or a negative errno. `seen` is told what a read has read. */
export async function perform(task: Task, machine: Machine, verb: Action, seen?: (text: string) => void): Promise<Errno> {
  const { sysfs, bus, hardware } = machine;
  // A signal that came between two system calls has been dealt with in user space.
  machine.layer.rt.touch(task, Access.WRITE);
  clearSignal(task);
  switch (verb.kind) {
    case 'write':
      return await sysfs.write(task, verb.path, verb.value);
    case 'read': {
      const text = await sysfs.read(task, verb.path);
      if (typeof text === 'number') return text;
      seen?.(text);
      return OK;
    }
    case 'attach':
      return await attach(task, machine, verb.guest);
    case 'detach':
      return (await machine.vm(verb.guest)!.qemu.detach(task)) ? OK : ENODEV;
    case 'open':
      return await openBeside(task, machine, verb);
    case 'pv-start':
    case 'pv-stop':
      return await secureExecution(task, machine.vm(verb.guest)!.kvm, verb.kind === 'pv-start');
    case 'unmap':
      return await machine.vm(verb.guest)!.qemu.container.unmap(task);
    case 'map':
      return await machine.vm(verb.guest)!.qemu.container.map(task);
    case 'ioctl':
      return await performIoctl(task, machine, verb);
    case 'signal':
      return signal(task, machine, verb.to);
    case 'unbind':
      return await unbind(task, machine, verb.queue);
    case 'bind':
      return await sysfs.write(task, `/sys/bus/ap/drivers/${verb.driver}/bind`, verb.queue);
    case 'checkstop': {
      const errno = hardware.checkstop(verb.adapter, verb.on);
      await bus.forceRescan(task);
      return errno;
    }
    case 'plug': {
      const errnos = verb.adapters.map(({ id, type }) => hardware.plug({ id, type: parseCardType(type)! }));
      await bus.forceRescan(task);
      return errnos.find((errno) => errno !== OK) ?? OK;
    }
    case 'unplug': {
      const errnos = verb.adapters.map((id) => hardware.unplug(id));
      await bus.forceRescan(task);
      return errnos.find((errno) => errno !== OK) ?? OK;
    }
    case 'fault':
      return performFault(task, machine, verb);
    case 'domains': {
      const mask = ApMask.from(verb.domains);
      if (verb.use === 'usage') hardware.setUsageDomains(mask);
      else hardware.setControlDomains(mask);
      await bus.forceRescan(task);
      return OK;
    }
  }
}

/** `write 6 > .../assign_adapter`, for reports. */
export function verbText(verb: Verb, names: (path: string) => string = (path) => path): string {
  switch (verb.kind) {
    case 'write':
      return `write ${verb.value.trimEnd()} > ${names(verb.path)}`;
    case 'read':
      return `read ${names(verb.path)}`;
    case 'attach':
    case 'detach':
    case 'pv-start':
    case 'pv-stop':
    case 'unmap':
    case 'map':
      return `${verb.kind} ${verb.guest}`;
    case 'open':
      return `open ${verb.mdev.name} for ${verb.guest}${verb.keep ? ' and keep it' : ''}`;
    case 'ioctl':
      return ioctlText(verb);
    case 'signal':
      return `signal ${verb.to}`;
    case 'unbind':
      return `unbind ${verb.queue}`;
    case 'bind':
      return `bind ${verb.queue} to ${verb.driver}`;
    case 'checkstop':
      return `checkstop adapter ${verb.adapter} ${verb.on ? 'on' : 'off'}`;
    case 'plug':
      return `plug adapter ${verb.adapters.map(({ id }) => id).join(', ')}`;
    case 'unplug':
      return `unplug adapter ${verb.adapters.join(', ')}`;
    case 'domains':
      return `set ${verb.use} domains ${verb.domains.join(', ')}`;
    case 'fault':
      return faultVerbText(verb);
    case 'pause':
      return `pause ${verb.ms} ms`;
    case 'repeat':
      return `repeat ${verb.times} times ${verb.events.length} events`;
  }
}

/** `ok` or the name of the errno. */
export const resultText = (result: Errno): string => (result >= 0 ? 'ok' : errnoName(result));

async function attach(task: Task, machine: Machine, guest: string): Promise<Errno> {
  const vm = machine.vm(guest)!;
  const spec = machine.mdevOf(vm.spec);
  const mdev = spec === undefined ? null : machine.vfioAp.findMdev(spec.uuid);
  return mdev === null ? ENODEV : await vm.qemu.attach(task, mdev.device);
}

/** QEMU has room for one device, vfio has not: what is refused here is refused by the driver. */
async function openBeside(task: Task, machine: Machine, { guest, mdev, keep }: Extract<Verb, { kind: 'open' }>): Promise<Errno> {
  const device = machine.vfioAp.findMdev(mdev.uuid)?.device;
  if (device === undefined) return ENODEV;
  const errno = await device.open(task, machine.vm(guest)!.qemu);
  if (errno === OK && !keep) await device.close(task);
  return errno;
}

/** -ESRCH when the task has ended, or not begun. */
function signal(task: Task, { layer }: Machine, to: string): Errno {
  for (const other of layer.rt.tasks) {
    if (other.name !== to) continue;
    layer.interrupt(task, other);
    return OK;
  }
  return ESRCH;
}

async function unbind(task: Task, machine: Machine, queue: string): Promise<Errno> {
  const driver = machine.sysfs.readlink(`/sys/bus/ap/devices/${queue}/driver`);
  if (typeof driver === 'number') return driver;
  return await machine.sysfs.write(task, `/sys/bus/ap/drivers/${driver.split('/').at(-1)}/unbind`, queue);
}
