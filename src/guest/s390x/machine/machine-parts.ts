/**
 * What a machine for programs in machine code is built from. No kernel counterpart: the command line of QEMU.
 */
import type { Runtime } from '../../../runtime/runtime.ts';
import type { GuestPlatform } from '../../guest-port.ts';
import type { Cpu } from '../cpu/cpu.ts';

export interface MachineParts {
  readonly rt: Runtime;
  readonly platform: GuestPlatform;
  /** What the program writes to its console, as it comes; lines end with a line feed. */
  readonly print: (text: string) => void;
  /** Of all CPUs together; more are not executed. Default: no limit. */
  readonly maxInstructions?: number;
  /** Instructions of a slice, in which nothing else happens. Default 20,000. */
  readonly sliceLength?: number;
  /** Called before each instruction. Absent: nobody traces, and slices are fast. */
  readonly trace?: (cpu: Cpu) => void;
}

/** Interruptions that CPUs have taken, besides program and supervisor-call ones, which the CPU itself counts or nobody. */
export interface TakenInterruptions {
  external: number;
  io: number;
  machineCheck: number;
}
