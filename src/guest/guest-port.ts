/**
 * What a guest sees of the machine it runs on: its vCPUs with their AP instructions and interruptions, some storage, facilities.
 * Whoever runs guests implements it: KVM, or plain hardware in tests.
 */
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';

export interface GuestCpu {
  readonly id: number;
  /** Executed on this vCPU, by its own task only. What the machine does not provide throws a `ProgramInterruption`. */
  readonly instructions: ApInstructions;
  /** Takes (clears) one pending adapter interruption whose ISC is enabled and answers the ISC; null when there is none. */
  takeInterruption(task: Task): number | null;
  /**
   * Enabled wait state: sleeps until an interruption is pending, somebody called `kick`, or `until()` is true.
   * False when `timeoutMs` passed first.
   */
  idle(task: Task, until: () => boolean, timeoutMs?: number): MaybePromise<boolean>;
  /** Ends the wait state of this vCPU, or its next one when it is not in one now. Callable without a task. */
  kick(): void;
}

/** Guest-absolute addresses. */
export interface GuestStorage {
  /** Address of a page of zeros that nobody else uses. */
  allocatePage(): number;
  /** One byte. */
  load(address: number): number;
  store(address: number, value: number): void;
}

/** STFLE 12, 15 and 65 as this guest sees them. */
export interface GuestFacilities {
  readonly qci: boolean;
  readonly apft: boolean;
  readonly aqic: boolean;
}

export interface GuestPlatform {
  readonly name: string;
  readonly cpus: readonly GuestCpu[];
  readonly storage: GuestStorage;
  readonly facilities: GuestFacilities;
  /** True once after the machine reported a changed AP configuration (channel report). */
  takeConfigurationChange(): boolean;
}
