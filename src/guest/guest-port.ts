/**
 * What a guest sees of the machine it runs on: its vCPUs with their AP instructions and interruptions, some storage, facilities.
 * Whoever runs guests implements it: KVM, or plain hardware in tests.
 */
import type { ChannelReportWord, EventInformation } from '../base/channel-report.ts';
import type { AccessKind } from '../runtime/access.ts';
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

/**
 * One step of a nested guest: an instruction of four bytes was executed; it waits (false); or some were executed that lead to this
 * address, up to one that is intercepted, which lies in front of it, or to an interruption of its hypervisor.
 */
export type NestedStep =
  | boolean
  | {
      readonly address: number;
      readonly intercepted?: { readonly ipa: number; readonly ipb: number };
      readonly interrupted?: boolean;
    };

/** What a nested guest executes. */
export interface NestedProgram {
  execute(task: Task, address: number, instructions: ApInstructions): MaybePromise<NestedStep>;
}

/** What the program status word and the control registers of a vCPU say that the machine below must know. */
export interface CpuStatus {
  /** An AP instruction is a privileged-operation exception. */
  readonly problemState: boolean;
  /** I/O interruptions are let in (PSW bit 6), of these subclasses (CR6): bit 0x80 >> isc. */
  readonly ioEnabled: boolean;
  readonly iscs: number;
}

export interface GuestCpu {
  readonly id: number;
  /** Executed on this vCPU, by its own task only. What the machine does not provide throws a `ProgramInterruption`. */
  readonly instructions: ApInstructions;
  /** AP instructions are interpreted or handled for it; if not, each is an operation exception, whatever its operands. Absent: they are. */
  providesAp?(): boolean;
  /** The program has changed it, on this vCPU's own task. Absent: nobody asks. Before the first call: supervisor state, everything is let in. */
  setStatus?(status: CpuStatus): void;
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

/** All of a guest's storage as one array, shared by its vCPUs and by what stores notification bytes. */
export interface FlatGuestStorage {
  readonly bytes: Uint8Array;
  /** Before the array is worked on directly: for those who explore, an access to all of it. */
  touch(access: AccessKind): void;
  /** Is told of what others than the guest's own cores have stored. */
  onStore: (address: number, length: number) => void;
}

/** Guest-absolute addresses. */
export interface GuestStorage {
  /** Absent: there is no such array. The same one at every call. */
  flat?(): FlatGuestStorage;
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
