/**
 * Interruptions of a CPU besides program interruptions: what is pending, what the program lets in, and how it gets it (Principles of
 * Operation, chapter 6; arch/s390/kvm/interrupt.c: kvm_s390_deliver_pending_interrupts).
 */
import type { Task } from '../../../runtime/task.ts';
import { MASK_EXTERNAL, MASK_IO } from '../cpu/cpu.ts';
import { swapPsw } from '../cpu/psw.ts';
import { Lowcore } from './lowcore.ts';
import type { TakenInterruptions } from './machine-parts.ts';
import { storeStatus } from './store-status.ts';
import { usOf } from './tod-clock.ts';
import type { VirtualCpu } from './virtual-cpu.ts';

/** Subclass masks of external interruptions in CR0, low word. */
const EMERGENCY_MASK = 0x4000;
const CALL_MASK = 0x2000;
const COMPARATOR_MASK = 0x800;
const TIMER_MASK = 0x400;
const SERVICE_MASK = 0x200;
/** All of those that exist here. */
export const EXTERNAL_SUBCLASSES = EMERGENCY_MASK | CALL_MASK | COMPARATOR_MASK | TIMER_MASK | SERVICE_MASK;
/** Channel reports in CR14, low word. */
const CHANNEL_REPORT_MASK = 0x1000_0000;
/** Everything in the save areas is valid, and a channel report is pending (bit 9). */
const CHANNEL_REPORT_CODE = [0x0040_0f1d, 0x4033_0000] as const;
/** An adapter made it, and the subclass. */
const ADAPTER = 0x8000_0000;

const ExternalCode = {
  CLOCK_COMPARATOR: 0x1004,
  CPU_TIMER: 0x1005,
  EMERGENCY: 0x1201,
  EXTERNAL_CALL: 0x1202,
  SERVICE: 0x2401,
} as const;

/** What belongs to no CPU: any that lets it in may take it. */
export interface FloatingInterruptions {
  readonly taken: TakenInterruptions;
  readonly servicePending: boolean;
  /** The parameter of the service signal that is pending. */
  takeService(): number;
  /** Microseconds. */
  now(): number;
}

/** Is the clock comparator's time over? As unsigned numbers. */
const comparatorDue = ({ comparatorHigh, comparatorLow }: VirtualCpu): number => usOf(comparatorHigh, comparatorLow);

/** The external interruption of highest priority that the CPU lets in, null when there is none: its code, CPU and parameter. */
function takeExternal(virtual: VirtualCpu, floating: FloatingInterruptions): readonly [number, number, number] | null {
  const { cpu } = virtual;
  if ((cpu.systemMask & MASK_EXTERNAL) === 0) return null;
  const open = cpu.crLo[0]!;
  if ((open & EMERGENCY_MASK) !== 0 && virtual.emergencyPending) return [ExternalCode.EMERGENCY, virtual.takeEmergency(), 0];
  if ((open & CALL_MASK) !== 0 && virtual.externalCallPending) return [ExternalCode.EXTERNAL_CALL, virtual.takeExternalCall(), 0];
  if ((open & COMPARATOR_MASK) !== 0 && floating.now() > comparatorDue(virtual)) return [ExternalCode.CLOCK_COMPARATOR, 0, 0];
  if ((open & TIMER_MASK) !== 0 && floating.now() > virtual.timerDue) return [ExternalCode.CPU_TIMER, 0, 0];
  if ((open & SERVICE_MASK) !== 0 && floating.servicePending) return [ExternalCode.SERVICE, 0, floating.takeService()];
  return null;
}

/** Would `takeExternal` take one? For a CPU that waits. */
export function externalOpen(virtual: VirtualCpu, floating: FloatingInterruptions): boolean {
  const { cpu } = virtual;
  if ((cpu.systemMask & MASK_EXTERNAL) === 0) return false;
  const open = cpu.crLo[0]!;
  return (
    ((open & EMERGENCY_MASK) !== 0 && virtual.emergencyPending) ||
    ((open & CALL_MASK) !== 0 && virtual.externalCallPending) ||
    ((open & SERVICE_MASK) !== 0 && floating.servicePending)
  );
}

/** When the next timer that the CPU lets in is due, microseconds; Infinity when none is. */
export function nextTimer(virtual: VirtualCpu): number {
  const { cpu } = virtual;
  if ((cpu.systemMask & MASK_EXTERNAL) === 0) return Number.POSITIVE_INFINITY;
  const open = cpu.crLo[0]!;
  return Math.min(
    (open & COMPARATOR_MASK) === 0 ? Number.POSITIVE_INFINITY : comparatorDue(virtual),
    (open & TIMER_MASK) === 0 ? Number.POSITIVE_INFINITY : virtual.timerDue,
  );
}

/** Takes the pending interruption of highest priority, and counts it; none when none is let in. */
export function deliver(task: Task, virtual: VirtualCpu, floating: FloatingInterruptions): void {
  const { cpu } = virtual;
  const external = takeExternal(virtual, floating);
  if (external !== null) {
    const [code, from, parameter] = external;
    const at = cpu.absolute(Lowcore.EXTERNAL_PARAMETER);
    cpu.storage.view.setUint32(at, parameter);
    cpu.storage.view.setUint16(at + 4, from);
    cpu.storage.view.setUint16(at + 6, code);
    cpu.storage.written(at, 8);
    floating.taken.external++;
    swapPsw(cpu, Lowcore.EXTERNAL_OLD, Lowcore.EXTERNAL_NEW);
    return;
  }
  if ((cpu.systemMask & MASK_IO) === 0 || cpu.crLo[6]! >>> 24 === 0) return;
  virtual.showStatus();
  const isc = virtual.port.takeInterruption(task);
  if (isc === null) return;
  const at = cpu.absolute(Lowcore.IO_SUBSYSTEM);
  cpu.storage.view.setUint32(at, 0);
  cpu.storage.view.setUint32(at + 4, 0);
  cpu.storage.view.setUint32(at + 8, adapterWord(isc));
  cpu.storage.written(at, 12);
  floating.taken.io++;
  swapPsw(cpu, Lowcore.IO_OLD, Lowcore.IO_NEW);
}

/** The interruption-identification word of an adapter interruption. */
export const adapterWord = (isc: number): number => (ADAPTER | (isc << 27)) >>> 0;

/** Machine checks for channel reports are let in. */
export const machineChecksOpen = ({ cpu }: VirtualCpu): boolean => cpu.machineCheckMask && (cpu.crLo[14]! & CHANNEL_REPORT_MASK) !== 0;

/** A channel report is pending: registers go to the save areas, and the machine-check handler begins. */
export function machineCheck(virtual: VirtualCpu, now: number): void {
  const { cpu } = virtual;
  storeStatus(virtual, cpu.absolute(Lowcore.SAVE_AREA), now);
  const at = cpu.absolute(Lowcore.MACHINE_CHECK_CODE);
  cpu.storage.view.setUint32(at, CHANNEL_REPORT_CODE[0]);
  cpu.storage.view.setUint32(at + 4, CHANNEL_REPORT_CODE[1]);
  cpu.storage.written(at, 8);
  swapPsw(cpu, Lowcore.MACHINE_CHECK_OLD, Lowcore.MACHINE_CHECK_NEW);
}

export function restart({ cpu }: VirtualCpu): void {
  swapPsw(cpu, Lowcore.RESTART_OLD, Lowcore.RESTART_NEW);
}
