/**
 * The state of a machine as checkers look at it.
 */
import type { Machine } from '../machine/machine.ts';
import { isPassable } from '../vfio-ap/vfio-ap-queue.ts';
import type { HostView } from './checker.ts';

export function hostView(machine: Machine): HostView {
  const { hardware } = machine;
  const { matrixDev } = machine.vfioAp;
  const masks = machine.bus.permissions.inspect();
  return {
    mdevs: matrixDev.mdevs.inspect(),
    findQueue: (apqn) => matrixDev.host.bus.findVfioQueue(apqn),
    guests: machine.vms.map(({ kvm, qemu }) => ({ kvm, container: qemu.container })),
    info: matrixDev.info.inspect(),
    apmask: masks.apm,
    aqmask: masks.aqm,
    rawType: (adapter) => (hardware.currentQci().aqm.isEmpty() ? null : (hardware.adapter(adapter)?.type.rawType ?? null)),
    registered: ({ name }) => machine.vfioAp.parent.has(name),
    passable: (queue) => isPassable(queue.resetStatus.inspect(), matrixDev.host.kernel),
    quirks: matrixDev.host.quirks,
  };
}
