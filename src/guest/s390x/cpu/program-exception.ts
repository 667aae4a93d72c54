/**
 * Program exceptions of the CPU: codes that only the interpreter raises, and the ones that carry more than a code. Counterpart: program
 * interruption conditions (Principles of Operation, chapter 6; PGM_ codes of arch/s390/include/asm/kvm_host.h).
 */
import { ADDRESSING_EXCEPTION, ProgramInterruption, SPECIFICATION_EXCEPTION } from '../../../base/program-interruption.ts';

export const EXECUTE_EXCEPTION = 3;
export const PROTECTION_EXCEPTION = 4;
const DATA_EXCEPTION = 7;
export const FIXED_POINT_OVERFLOW = 8;
export const FIXED_POINT_DIVIDE = 9;
const MONITOR_EVENT = 0x40;

/** Data-exception codes: decimal digits, an additional floating-point register or a BFP instruction without CR0 bit 45, compare-and-trap. */
export const DXC_DECIMAL = 0x00;
export const DXC_AFP_REGISTER = 0x01;
export const DXC_BFP_INSTRUCTION = 0x02;
export const DXC_TRAP = 0xff;

/** Data exception: the data-exception code (DXC) goes to real location 0x93. */
export class DataException extends ProgramInterruption {
  readonly dxc: number;

  constructor(dxc: number, why: string) {
    super(DATA_EXCEPTION, why);
    this.dxc = dxc;
  }
}

/** MONITOR CALL: class and code, an address that the program gives, go to real locations 0x95 and 0xb0. */
export class MonitorEvent extends ProgramInterruption {
  readonly monitor: number;
  readonly high: number;
  readonly low: number;

  constructor(monitor: number, high: number, low: number) {
    super(MONITOR_EVENT, `monitor class ${monitor}`);
    this.monitor = monitor;
    this.high = high;
    this.low = low;
  }
}

/**
 * There is no instruction to blame: it could not be fetched, or the PSW itself is not valid. The old PSW is the one in place, its address
 * advanced by `length`, which is also what the instruction-length code tells: of an instruction that nobody has seen, the shortest one.
 */
export class FetchException extends ProgramInterruption {
  readonly length: number;

  constructor(code: number, why: string, length: number) {
    super(code, why);
    this.length = length;
  }
}

export function addressing(address: number): ProgramInterruption {
  return new ProgramInterruption(ADDRESSING_EXCEPTION, `address 0x${address.toString(16)} lies outside of the storage`);
}

export function specification(why: string): ProgramInterruption {
  return new ProgramInterruption(SPECIFICATION_EXCEPTION, why);
}
