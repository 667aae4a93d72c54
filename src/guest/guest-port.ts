/**
 * What a guest sees of the machine it runs on: its vCPUs with their AP instructions and interruptions, some storage, facilities.
 * Whoever runs guests implements it: KVM, or plain hardware in tests.
 */
import type { ChannelReportWord, EventInformation } from '../base/channel-report.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';

/** Why SIE ended: interception code, first halfword of the instruction, and what belongs to the code. */
export interface NestedInterception {
  readonly code: number;
  readonly ipa: number;
  readonly ipb: number;
}

/** What a hypervisor goes on with: an interception; an interruption of its own; SIE again, as the state description is in use. */
export type SieExit =
  | { readonly kind: 'interception'; readonly interception: NestedInterception }
  | { readonly kind: 'interruption' }
  | { readonly kind: 'in-use' };

/** What a nested guest executes, four bytes an instruction; false: it waits at this address. */
export interface NestedProgram {
  execute(task: Task, address: number, instructions: ApInstructions): MaybePromise<boolean>;
}

export interface GuestCpu {
  readonly id: number;
  /** Executed on this vCPU, by its own task only. What the machine does not provide throws a `ProgramInterruption`. */
  readonly instructions: ApInstructions;
  /**
   * SIE with the state description at this address: runs a nested guest. Throws a `ProgramInterruption` where SIE is refused; absent where
   * nobody can be a hypervisor.
   */
  sie?(task: Task, origin: number, program: NestedProgram): Promise<SieExit>;
  /** STCRW: the oldest channel report word; null (condition code 1) when there is none. */
  storeChannelReportWord(task: Task): MaybePromise<ChannelReportWord | null>;
  /** CHSC, store event information. */
  storeEventInformation(task: Task): MaybePromise<EventInformation>;
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
  /** The page may be written to by others although the guest is protected: what devices write to. Absent: nobody is protected. */
  share?(address: number): void;
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
  /** Machine checks for channel reports are let in from now on: the kernel can handle them (CR14). One that is pending is presented. */
  openChannelReports(): void;
  /** True once for each machine check that says that a channel report is pending; false as long as they are not let in. */
  takeMachineCheck(): boolean;
  /** AP interruptions reach this guest now; not in Secure Execution without adapter interruption virtualization. Absent: always. */
  deliversInterruptions?(): boolean;
}
