/**
 * What the composition root builds a host from: plain data, every id a number. No kernel counterpart: this is the topology that firmware,
 * the HMC and the administrator decide on a real machine. A scenario, an importer and a test all end here.
 */

import type { KernelName } from '../base/kernel-profile.ts';
import type { GuestInstruction } from '../guest/guest-instruction.ts';

export interface AdapterSpec {
  /** APID, 0 to 255. */
  readonly id: number;
  /** `CEX2A` to `CEX8P`: generation and mode (A accelerator, C CCA, P EP11). No driver takes those before CEX4. */
  readonly type: string;
}

export interface MdevSpec {
  readonly name: string;
  /** Lower case, as sysfs shows it. */
  readonly uuid: string;
  readonly adapters: readonly number[];
  readonly domains: readonly number[];
  readonly controlDomains: readonly number[];
}

export type RsaForm = 'mex' | 'crt';

export interface RsaWorkload {
  readonly kind: 'rsa';
  /** Per vCPU. */
  readonly operations: number;
  /** Modulus sizes to mix, never empty. */
  readonly bits: readonly number[];
  readonly forms: readonly RsaForm[];
}

/** Bare instructions, without a kernel that drives the queues. */
export interface InstructionWorkload {
  readonly kind: 'instructions';
  /** One list a vCPU, at most as many as there are vCPUs. */
  readonly cpus: readonly (readonly GuestInstruction[])[];
  /** Again and again until the guest is stopped; default: once. */
  readonly endless?: boolean;
}

/** A program in machine code, alone in the guest: without a kernel. */
export interface CodeWorkload {
  readonly kind: 'code';
  /** As reports call it: a program of apemu's own, or the name of a file without its folder. */
  readonly program: string;
  /** null: a program of apemu's own. Otherwise where the file was found, as it was written. */
  readonly file: string | null;
  /** The ELF file itself: checked, and no longer changed. */
  readonly elf: Uint8Array;
  /** Storage of the guest in MiB. */
  readonly mem: number;
  /** Of all vCPUs together; then the program is ended. */
  readonly maxInstructions: number;
  /** Begins anew until the guest is stopped, and how it ends does not matter; default: once. */
  readonly endless?: boolean;
}

export type Workload = RsaWorkload | InstructionWorkload | CodeWorkload;

/** Users of one kind on the host itself: each task does one operation after another through zcrypt. */
interface HostUsers {
  readonly tasks: number;
  /** Per task. */
  readonly operations: number;
}

export interface HostRsaProgram extends HostUsers {
  readonly kind: 'rsa';
  /** Modulus sizes to mix, never empty. */
  readonly bits: readonly number[];
  readonly forms: readonly RsaForm[];
}

/** Random numbers, hashes, and AES under a key that the card keeps: a CCA coprocessor is needed. */
export interface HostCcaProgram extends HostUsers {
  readonly kind: 'random' | 'hash' | 'aes';
  /** Of one operation; a multiple of 16 for aes. */
  readonly bytes: number;
}

export type HostProgram = HostRsaProgram | HostCcaProgram;

/** A guest of the guest, with as many vCPUs; what the guest's SIE instructions run. */
export interface NestedSpec {
  /** Of its CRYCB. */
  readonly format: 0 | 1 | 2;
  readonly adapters: readonly number[];
  readonly domains: readonly number[];
  readonly controlDomains: readonly number[];
  /** AP instructions are interpreted for it, if they are for the guest. */
  readonly apie: boolean;
  /** Address of its CRYCB in the storage of the guest, a multiple of 8 below 2 GiB; null: a page that nobody else uses. */
  readonly crycb: number | null;
  /** Executed each time that SIE runs it. */
  readonly instructions: readonly GuestInstruction[];
}

/** What a guest's CPU model offers, by QEMU's names; the host has to have it as well. AP itself (`ap`) is `GuestSpec.apie`. */
export interface CpuModel {
  /** STFLE 15: the T bit of TAPQ. A guest without finds no cards. */
  readonly apft: boolean;
  /** STFLE 12: QCI. A guest without finds domains 0 to 15. */
  readonly apqci: boolean;
  /** STFLE 65: AQIC. A guest without polls. */
  readonly apqi: boolean;
  /** STFLE 76: a CRYCB of format 1 or 2, and key wrapping. */
  readonly msa3: boolean;
}

export interface GuestSpec {
  readonly name: string;
  /** Name of its mdev; null: a guest without AP pass-through. */
  readonly mdev: string | null;
  readonly vcpus: number;
  readonly workload: Workload | null;
  /** AP instructions are interpreted (KVM_S390_VM_CRYPTO_ENABLE_APIE). */
  readonly apie: boolean;
  /** The guest's AP driver asks for interrupts (AQIC) instead of polling only. */
  readonly interrupts: boolean;
  /** Attached to its mdev when the run starts. */
  readonly attach: boolean;
  /** Default: everything that the host has. */
  readonly cpu?: CpuModel;
  /** The guest is a hypervisor itself; default: it is none, and SIE is an operation exception. */
  readonly nested?: NestedSpec;
}

export interface HostSpec {
  /** Whose behaviour is emulated. */
  readonly kernel: KernelName;
  /** Default true. False: at most adapters 0 to 63 and domains 0 to 15. */
  readonly apxa?: boolean;
  /** The ultravisor virtualizes adapter interruptions: guests keep AQIC in Secure Execution. Default false. */
  readonly ultravisorAiv?: boolean;
  readonly adapters: readonly AdapterSpec[];
  readonly domains: readonly number[];
  readonly controlDomains: readonly number[];
  /** Text stored in /sys/bus/ap/apmask before the mdevs are made; null leaves the boot value, all ones. */
  readonly apmask: string | null;
  readonly aqmask: string | null;
  /** Factor on the service time of the cards; 0: they answer at once. */
  readonly serviceScale: number;
  /** Crypto users of the host itself, at most one of a kind; default: none. */
  readonly workload?: readonly HostProgram[];
  readonly mdevs: readonly MdevSpec[];
  readonly guests: readonly GuestSpec[];
}

/** Operations that the host's own users are going to do. */
export function hostOperations({ workload = [] }: HostSpec): number {
  return workload.reduce((sum, { tasks, operations }) => sum + tasks * operations, 0);
}

/** Operations of the whole workload of a guest. */
export function operationsOf({ workload, vcpus }: GuestSpec): number {
  switch (workload?.kind) {
    case 'rsa':
      return vcpus * workload.operations;
    case 'instructions':
      return workload.cpus.reduce((sum, list) => sum + list.length, 0);
    // What a program is going to do is known when it has done it.
    case 'code':
    case undefined:
      return 0;
  }
}
