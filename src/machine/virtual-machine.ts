/**
 * One guest with all that belongs to it on the host: KVM, QEMU and the program that runs inside.
 */
import type { EventLog } from '../base/event-log.ts';
import type { KernelProfile } from '../base/kernel-profile.ts';
import { Prng } from '../base/prng.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import { Guest } from '../guest/guest.ts';
import type { GuestProgram } from '../guest/guest-program.ts';
import { InstructionProgram } from '../guest/instruction-program.ts';
import { ElfProgram } from '../guest/s390x/elf-program.ts';
import { readElf } from '../guest/s390x/elf.ts';
import type { Gib } from '../kvm/gib.ts';
import { Kvm, type GuestFacilities } from '../kvm/kvm.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import type { DeviceListOrder } from '../vfio/iommu-container.ts';
import type { LockingDesign } from '../vfio-ap/locking/port.ts';
import { Qemu } from '../vmm/qemu.ts';
import { KvmPlatform } from './guest-platform.ts';
import type { CodeWorkload, GuestSpec } from './host-spec.ts';
import { loadNested } from './nested-image.ts';

const MIB = 0x10_0000;

/** A line about each instruction of the program in one guest. */
export interface CodeTrace {
  /** Name of the guest. */
  readonly guest: string;
  /** Lines come with their ends. */
  readonly write: (line: string) => void;
}

export interface VirtualMachineHost {
  readonly layer: LockLayer;
  readonly hardware: CryptoAdapters;
  readonly events: EventLog;
  readonly kernel: KernelProfile;
  readonly design: LockingDesign;
  /** In which order type1 takes its locks when storage is unmapped. */
  readonly deviceListOrder: DeviceListOrder;
  /** Nested guests are told of changed masks. */
  readonly restartsVsie: boolean;
  /** Without a PQAP hook a status is stored where guests do not look for it. */
  readonly statusInHighHalf: boolean;
  /** Alerts of all guests. */
  readonly gib: Gib;
  /** Protected guests keep their GISA. */
  readonly ultravisorAiv: boolean;
  /** Called after each operation of a workload. */
  readonly onOperation: () => void;
  readonly retryLimitMs?: number;
  /** A guest without a workload runs nothing at all, instead of a kernel that serves interrupts and rescans. Default false. */
  readonly bareGuests?: boolean;
  readonly trace?: CodeTrace;
}

/** What the CPU model offers and the host has. */
function facilitiesOf({ apie, cpu }: GuestSpec, { facilities }: CryptoAdapters): GuestFacilities {
  return {
    apie,
    qci: facilities.qci && (cpu?.apqci ?? true),
    apft: facilities.apft && (cpu?.apft ?? true),
    aqic: facilities.aqic && (cpu?.apqi ?? true),
    msa3: cpu?.msa3 ?? true,
  };
}

export class VirtualMachine {
  readonly spec: GuestSpec;
  readonly kvm: Kvm;
  readonly qemu: Qemu;
  readonly guest: GuestProgram;
  private readonly platform: KvmPlatform;
  private readonly host: VirtualMachineHost;

  constructor(host: VirtualMachineHost, spec: GuestSpec, seed: number) {
    const { layer, hardware, events, kernel, design, restartsVsie, statusInHighHalf, gib, ultravisorAiv } = host;
    this.host = host;
    this.spec = spec;
    this.kvm = new Kvm(
      { layer, hardware, events, kernel, restartsVsie, statusInHighHalf, gib, ultravisorAiv },
      {
        name: spec.name,
        vcpus: spec.vcpus,
        facilities: facilitiesOf(spec, hardware),
        // Machine code may be a hypervisor without saying so.
        sief2: spec.nested !== undefined || spec.workload?.kind === 'code',
        ...(spec.workload?.kind === 'code' ? { memory: spec.workload.mem * MIB } : {}),
        random: new Prng(seed),
      },
    );
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
    const { workload, interrupts, nested } = this.spec;
    const bare = { rt: layer.rt, events, onOperation };
    if (workload?.kind === 'instructions') {
      return new InstructionProgram(this.platform, workload.cpus, {
        ...bare,
        endless: workload.endless ?? false,
        nested: nested === undefined ? [] : loadNested(this.kvm, nested),
      });
    }
    if (workload?.kind === 'code') return this.codeProgram(workload);
    if (workload === null && bareGuests === true) return new InstructionProgram(this.platform, [], bare);
    const patience = retryLimitMs === undefined ? {} : { retryLimitMs };
    return new Guest(layer, this.platform, { seed, events, workload, interrupts, onOperation, ...patience });
  }

  private codeProgram({ program, elf, maxInstructions, endless = false }: CodeWorkload): ElfProgram {
    const { layer, events, onOperation, trace } = this.host;
    return new ElfProgram(this.platform, {
      ...{ rt: layer.rt, events, program, image: readElf(elf), maxInstructions, endless, onOperation },
      ...(trace?.guest === this.spec.name ? { trace: trace.write } : {}),
    });
  }
}
