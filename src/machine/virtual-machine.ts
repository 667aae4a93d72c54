/**
 * One guest with all that belongs to it on the host: KVM, QEMU and the program that runs inside.
 */
import type { EventLog } from '../base/event-log.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import { Guest } from '../guest/guest.ts';
import { Kvm } from '../kvm/kvm.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import type { LockingDesign } from '../vfio-ap/locking/port.ts';
import { Qemu } from '../vmm/qemu.ts';
import { KvmPlatform } from './guest-platform.ts';
import type { GuestSpec } from './host-spec.ts';

export interface VirtualMachineHost {
  readonly layer: LockLayer;
  readonly hardware: CryptoAdapters;
  readonly events: EventLog;
  readonly design: LockingDesign;
  /** Called after each operation of a workload. */
  readonly onOperation: () => void;
  readonly retryLimitMs?: number;
}

export class VirtualMachine {
  readonly spec: GuestSpec;
  readonly kvm: Kvm;
  readonly qemu: Qemu;
  readonly guest: Guest;
  private readonly platform: KvmPlatform;
  private readonly host: VirtualMachineHost;

  constructor(host: VirtualMachineHost, spec: GuestSpec, seed: number) {
    const { layer, hardware, events, design } = host;
    const facilities = { apie: spec.apie, ...hardware.facilities };
    this.host = host;
    this.spec = spec;
    this.kvm = new Kvm({ layer, hardware, events }, { name: spec.name, vcpus: spec.vcpus, facilities });
    design.adoptKvm(this.kvm);
    this.qemu = new Qemu(layer, this.kvm, events);
    this.platform = new KvmPlatform(this.qemu, design);
    this.guest = new Guest(layer, this.platform, {
      seed,
      events,
      workload: spec.workload,
      interrupts: spec.interrupts,
      onOperation: host.onOperation,
      ...(host.retryLimitMs === undefined ? {} : { retryLimitMs: host.retryLimitMs }),
    });
  }

  /** One task a vCPU; they end with the workload. */
  run(): Task[] {
    const { rt } = this.host.layer;
    return this.platform.cpus.map((cpu) =>
      rt.spawn(`${this.spec.name}/vcpu${cpu.id}`, (task) => this.guest.runVcpu(task, cpu), { daemon: this.guest.daemon }),
    );
  }
}
