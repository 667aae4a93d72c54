/**
 * One guest with all that belongs to it on the host: KVM, QEMU and the program that runs inside.
 */
import type { EventLog } from '../base/event-log.ts';
import type { KernelProfile } from '../base/kernel-profile.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import { Guest } from '../guest/guest.ts';
import type { GuestProgram } from '../guest/guest-program.ts';
import { InstructionProgram } from '../guest/instruction-program.ts';
import { Kvm } from '../kvm/kvm.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import type { DeviceListOrder } from '../vfio/iommu-container.ts';
import type { LockingDesign } from '../vfio-ap/locking/port.ts';
import { Qemu } from '../vmm/qemu.ts';
import { KvmPlatform } from './guest-platform.ts';
import type { GuestSpec } from './host-spec.ts';

export interface VirtualMachineHost {
  readonly layer: LockLayer;
  readonly hardware: CryptoAdapters;
  readonly events: EventLog;
  readonly kernel: KernelProfile;
  readonly design: LockingDesign;
  /** In which order type1 takes its locks when storage is unmapped. */
  readonly deviceListOrder: DeviceListOrder;
  /** Called after each operation of a workload. */
  readonly onOperation: () => void;
  readonly retryLimitMs?: number;
  /** A guest without a workload runs nothing at all, instead of a kernel that serves interrupts and rescans. Default false. */
  readonly bareGuests?: boolean;
}

export class VirtualMachine {
  readonly spec: GuestSpec;
  readonly kvm: Kvm;
  readonly qemu: Qemu;
  readonly guest: GuestProgram;
  private readonly platform: KvmPlatform;
  private readonly host: VirtualMachineHost;

  constructor(host: VirtualMachineHost, spec: GuestSpec, seed: number) {
    const { layer, hardware, events, kernel, design } = host;
    const facilities = { apie: spec.apie, ...hardware.facilities };
    this.host = host;
    this.spec = spec;
    this.kvm = new Kvm({ layer, hardware, events, kernel }, { name: spec.name, vcpus: spec.vcpus, facilities });
    design.adoptKvm(this.kvm);
    this.qemu = new Qemu(layer, this.kvm, events, host.deviceListOrder);
    this.platform = new KvmPlatform(this.qemu, design);
    this.guest = this.program(seed);
  }

  /** One task a vCPU that has something to do; they end with the workload. */
  run(): Task[] {
    const { rt } = this.host.layer;
    const { guest } = this;
    const used = this.platform.cpus.filter((cpu) => guest.uses?.(cpu) ?? true);
    return used.map((cpu) => rt.spawn(`${this.spec.name}/vcpu${cpu.id}`, (task) => guest.runVcpu(task, cpu), { daemon: guest.daemon }));
  }

  private program(seed: number): GuestProgram {
    const { layer, events, onOperation, retryLimitMs, bareGuests } = this.host;
    const { workload, interrupts } = this.spec;
    const bare = { rt: layer.rt, events, onOperation };
    if (workload?.kind === 'instructions') {
      return new InstructionProgram(this.platform, workload.cpus, { ...bare, endless: workload.endless ?? false });
    }
    if (workload === null && bareGuests === true) return new InstructionProgram(this.platform, [], bare);
    const patience = retryLimitMs === undefined ? {} : { retryLimitMs };
    return new Guest(layer, this.platform, { seed, events, workload, interrupts, onOperation, ...patience });
  }
}
