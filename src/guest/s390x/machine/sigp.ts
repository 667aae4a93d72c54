/**
 * SIGNAL PROCESSOR (arch/s390/kvm/sigp.c; Principles of Operation, "Signal-Processor Orders"). Orders that change what a CPU does are
 * carried out by that CPU; until then it is busy.
 */
import { PRIVILEGED_OPERATION, ProgramInterruption } from '../../../base/program-interruption.ts';
import { address2 } from '../cpu/access.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { LOWCORE_BYTES } from './lowcore.ts';
import { SAVE_AREA_BYTES, storeStatus } from './store-status.ts';
import type { CpuOrder, VirtualCpu } from './virtual-cpu.ts';

export const SigpOrder = {
  SENSE: 1,
  EXTERNAL_CALL: 2,
  EMERGENCY_SIGNAL: 3,
  START: 4,
  STOP: 5,
  RESTART: 6,
  STOP_AND_STORE_STATUS: 9,
  INITIAL_CPU_RESET: 11,
  CPU_RESET: 12,
  SET_PREFIX: 13,
  STORE_STATUS_AT_ADDRESS: 14,
  SET_ARCHITECTURE: 18,
  CONDITIONAL_EMERGENCY_SIGNAL: 19,
  SENSE_RUNNING_STATUS: 21,
} as const;

/** Status bits, stored in bits 32-63 of R1. */
export const SigpStatus = {
  INVALID_ORDER: 0x02,
  STOPPED: 0x40,
  EXTERNAL_CALL_PENDING: 0x80,
  INVALID_PARAMETER: 0x100,
  INCORRECT_STATE: 0x200,
  NOT_RUNNING: 0x400,
} as const;

const ACCEPTED = 0;
const STATUS_STORED = 1;
const BUSY = 2;
const NOT_OPERATIONAL = 3;

const CHANGES: ReadonlyMap<number, CpuOrder> = new Map([
  [SigpOrder.START, 'start'],
  [SigpOrder.STOP, 'stop'],
  [SigpOrder.RESTART, 'restart'],
  [SigpOrder.STOP_AND_STORE_STATUS, 'stop-and-store'],
  [SigpOrder.INITIAL_CPU_RESET, 'initial-reset'],
  [SigpOrder.CPU_RESET, 'reset'],
]);
const RESETS: readonly number[] = [SigpOrder.INITIAL_CPU_RESET, SigpOrder.CPU_RESET];

export interface Signal {
  readonly sender: VirtualCpu;
  readonly cpus: readonly VirtualCpu[];
  /** Microseconds, for what is stored of a CPU. */
  readonly now: () => number;
}

/** Executes it for `sender`: condition code, and status in R1 when that is 1. */
export function executeSigp(signal: Signal, insn: Instruction): void {
  const { cpu } = signal.sender;
  if (cpu.problem) throw new ProgramInterruption(PRIVILEGED_OPERATION, 'SIGP in problem state');
  const order = address2(cpu, insn) % 0x100;
  const parameter = cpu.lo[insn.r1 | 1]! >>> 0;
  const outcome = order === SigpOrder.SET_ARCHITECTURE ? setArchitecture(signal, parameter) : addressed(signal, order, { parameter, insn });
  cpu.cc = outcome.cc;
  if (outcome.cc === STATUS_STORED) cpu.lo[insn.r1] = outcome.status;
}

interface Outcome {
  readonly cc: number;
  readonly status: number;
}

const ended = (cc: number): Outcome => ({ cc, status: 0 });
/** None is no status: the order was accepted. */
const stored = (status: number): Outcome => ({ cc: status === 0 ? ACCEPTED : STATUS_STORED, status });

function addressed(signal: Signal, order: number, { parameter, insn }: { parameter: number; insn: Instruction }): Outcome {
  const target = signal.cpus[signal.sender.cpu.lo[insn.r3]! & 0xffff];
  if (target === undefined) return ended(NOT_OPERATIONAL);
  const change = CHANGES.get(order);
  // A reset gets through whatever else is under way.
  if (target.hasOrders && !RESETS.includes(order)) return ended(BUSY);
  if (change !== undefined) {
    target.order(change);
    return ended(ACCEPTED);
  }
  return other(signal, target, { order, parameter });
}

function other({ sender, now }: Signal, target: VirtualCpu, { order, parameter }: { order: number; parameter: number }): Outcome {
  const from = sender.cpu.id;
  switch (order) {
    case SigpOrder.SENSE:
      return stored((target.stopped ? SigpStatus.STOPPED : 0) | (target.externalCallPending ? SigpStatus.EXTERNAL_CALL_PENDING : 0));
    case SigpOrder.EXTERNAL_CALL:
      return target.externalCall(from) ? ended(ACCEPTED) : stored(SigpStatus.EXTERNAL_CALL_PENDING);
    case SigpOrder.EMERGENCY_SIGNAL:
    case SigpOrder.CONDITIONAL_EMERGENCY_SIGNAL:
      target.emergency(from);
      return ended(ACCEPTED);
    case SigpOrder.SET_PREFIX:
      return setPrefix(target, parameter);
    case SigpOrder.STORE_STATUS_AT_ADDRESS:
      return storeAt(target, parameter, now());
    case SigpOrder.SENSE_RUNNING_STATUS:
      return stored(target.stopped || target.cpu.wait ? SigpStatus.NOT_RUNNING : 0);
    default:
      return stored(SigpStatus.INVALID_ORDER);
  }
}

function setPrefix(target: VirtualCpu, parameter: number): Outcome {
  const address = (parameter & 0x7fff_e000) >>> 0;
  if (!target.cpu.storage.contains(address, LOWCORE_BYTES)) return stored(SigpStatus.INVALID_PARAMETER);
  if (!target.stopped) return stored(SigpStatus.INCORRECT_STATE);
  target.cpu.setPrefix(address);
  return ended(ACCEPTED);
}

function storeAt(target: VirtualCpu, parameter: number, now: number): Outcome {
  const address = (parameter & 0x7fff_fe00) >>> 0;
  if (!target.cpu.storage.contains(address, SAVE_AREA_BYTES)) return stored(SigpStatus.INVALID_PARAMETER);
  if (!target.stopped) return stored(SigpStatus.INCORRECT_STATE);
  storeStatus(target, address, now);
  return ended(ACCEPTED);
}

/** All CPUs are in z/Architecture mode from the start: there is nothing to be set. */
function setArchitecture({ sender, cpus }: Signal, parameter: number): Outcome {
  const othersStopped = cpus.every((cpu) => cpu === sender || cpu.stopped);
  if ((parameter & 0xff) > 2 || othersStopped) return stored(SigpStatus.INVALID_PARAMETER);
  return stored(SigpStatus.INCORRECT_STATE);
}
