/**
 * A machine for a program in machine code, over the vCPUs of a `GuestPlatform`: what its CPUs share, and their lives. Counterpart: the
 * machine that QEMU makes and the threads that it runs vCPUs in (hw/s390x/s390-virtio-ccw.c).
 */
import type { Task } from '../../../runtime/task.ts';
import type { GuestCpu } from '../../guest-port.ts';
import { MachineState } from './machine-state.ts';
import { VcpuLoop } from './vcpu-loop.ts';

export class GuestMachine extends MachineState {
  /** The life of one CPU; its task ends with the program. All CPUs of the platform must be run. */
  async runVcpu(task: Task, { id }: Pick<GuestCpu, 'id'>): Promise<void> {
    const cpu = this.cpus.find(({ virtual }) => virtual.cpu.id === id);
    if (cpu === undefined) throw new RangeError(`expected a CPU of guest ${this.name}, got CPU ${id}`);
    await new VcpuLoop(this, cpu).run(task);
  }
}
