/**
 * What runs on the vCPUs of a guest, as far as its machine is concerned: a kernel with a driver and a workload, or bare instructions.
 * No kernel counterpart.
 */
import type { Apqn } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { GuestCpu } from './guest-port.ts';
import type { GuestStatistics } from './guest-statistics.ts';

/** What a program in machine code has come to; where it begins anew, in its last run. Plain data. */
export interface CodeReport {
  /** Name of a program of apemu's own, or of its file. */
  readonly program: string;
  /** `open`: it has not ended by itself. */
  readonly result: 'passed' | 'failed' | 'skipped' | 'open';
  /** How it ended, for people. */
  readonly end: string;
  readonly reason: string;
  /** As it printed it; null: it printed none. */
  readonly status: number | null;
  /** What it printed; of an endless output the last part. */
  readonly console: string;
  /** Of all vCPUs. */
  readonly instructions: number;
  /** Interruptions that it took, by name. */
  readonly interruptions: Readonly<Record<string, number>>;
  /** Instructions that the machine does not provide, by mnemonic: how often each was tried. */
  readonly unimplemented: Readonly<Record<string, number>>;
  /** How often it began anew, where it does. */
  readonly restarts?: number;
}

export interface GuestProgram {
  readonly name: string;
  readonly statistics: GuestStatistics;
  /** The tasks of the vCPUs end only after `stop`: nobody waits for them before. */
  readonly daemon: boolean;
  readonly progress: { readonly operations: number; readonly expected: number };
  /** The queues that its driver has, or had when it shut down. */
  readonly lastQueues: readonly Apqn[];
  /** Requests that its driver has accepted and not ended. */
  readonly outstanding: number;
  /** How often each instruction had which answer (`aqic 00`), where the program counts that. */
  readonly answers?: ReadonlyMap<string, number>;
  /** Of a program in machine code. */
  readonly code?: CodeReport;
  /** Has this vCPU anything to do? Absent: each has. */
  uses?(cpu: GuestCpu): boolean;
  /** Callable without a task: nothing begins any more, the vCPUs end. */
  stop(): void;
  runVcpu(task: Task, cpu: GuestCpu): Promise<void>;
}
