/**
 * What the composition root builds a host from: plain data, every id a number. No kernel counterpart: this is the topology that firmware,
 * the HMC and the administrator decide on a real machine. A scenario, an importer and a test all end here.
 */

import type { KernelName } from '../base/kernel-profile.ts';
import type { GuestInstruction } from '../guest/guest-instruction.ts';

export interface AdapterSpec {
  /** APID, 0 to 255. */
  readonly id: number;
  /** `CEX4A` to `CEX8P`: generation and mode (A accelerator, C CCA, P EP11). */
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

export type Workload = RsaWorkload | InstructionWorkload;

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
}

export interface HostSpec {
  /** Whose behaviour is emulated. */
  readonly kernel: KernelName;
  readonly adapters: readonly AdapterSpec[];
  readonly domains: readonly number[];
  readonly controlDomains: readonly number[];
  /** Text stored in /sys/bus/ap/apmask before the mdevs are made; null leaves the boot value, all ones. */
  readonly apmask: string | null;
  readonly aqmask: string | null;
  /** Factor on the service time of the cards; 0: they answer at once. */
  readonly serviceScale: number;
  readonly mdevs: readonly MdevSpec[];
  readonly guests: readonly GuestSpec[];
}

/** Operations of the whole workload of a guest. */
export function operationsOf({ workload, vcpus }: GuestSpec): number {
  switch (workload?.kind) {
    case 'rsa':
      return vcpus * workload.operations;
    case 'instructions':
      return workload.cpus.reduce((sum, list) => sum + list.length, 0);
    case undefined:
      return 0;
  }
}
