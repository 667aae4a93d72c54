/**
 * The end of a run: after every guest is gone, nothing may be left that belonged to one.
 */
import { heldNames } from '../locks/guard.ts';
import type { Finding } from '../locks/finding.ts';
import type { Task } from '../runtime/task.ts';
import { VfioApQueue } from '../vfio-ap/vfio-ap-queue.ts';
import type { Machine } from './machine.ts';

export interface Leftovers {
  readonly pins: number;
  readonly iscReferences: number;
  /** References on VMs beyond that of their file descriptor. */
  readonly kvmReferences: number;
  /** References of drivers on eventfds. */
  readonly eventfds: number;
  readonly locksHeld: number;
  readonly foregroundTasks: number;
  /** Requests that a guest has accepted and not ended. */
  readonly requests: number;
}

/** Counts what is left; `self` is the task that asks. */
export function countLeftovers(machine: Machine, self: Task): Leftovers {
  const sum = (of: (vm: Machine['vms'][number]) => number): number => machine.vms.reduce((total, vm) => total + of(vm), 0);
  // What the host does on its own, such as polling its queues, goes on: it may be in the middle of something, with a lock held.
  const others = [...machine.layer.rt.tasks].filter((task) => task !== self && !task.daemon);
  return {
    pins: sum((vm) => vm.qemu.container.pins),
    iscReferences: sum((vm) => vm.kvm.gisa.totalReferences),
    kvmReferences: sum((vm) => vm.kvm.referenceCount - 1),
    eventfds: sum((vm) => vm.qemu.requestFd.referenceCount + vm.qemu.configFd.referenceCount),
    locksHeld: others.reduce((total, task) => total + heldNames(task).length, heldNames(self).length),
    foregroundTasks: others.length,
    requests: sum((vm) => vm.guest.outstanding),
  };
}

/** Reports objects of KVM and of the driver that are alive although nothing leads to them any more. */
export function reportLostObjects({ layer, bus, vfioAp, vms }: Machine): void {
  const queues = [...bus.queues()].map((queue) => queue.driverData).filter((data) => data instanceof VfioApQueue);
  const found = [...vms.map((vm) => vm.kvm), ...vfioAp.matrixDev.mdevs.inspect(), ...queues];
  layer.state.lifetimes.reportLeaks(found.map((object) => object.lifetime));
}

export const isClean = (left: Leftovers): boolean => Object.values(left).every((count) => count === 0);

/** One finding for everything that is left over. */
export function leakFinding(left: Leftovers, time: number): Finding {
  const what = Object.entries(left).filter(([, count]) => count !== 0);
  return {
    kind: 'leak',
    key: `leak:${what.map(([name]) => name).join(',')}`,
    title: `left over after every guest has gone: ${what.map(([name, count]) => `${name} ${count}`).join(', ')}`,
    tasks: [],
    time,
  };
}
