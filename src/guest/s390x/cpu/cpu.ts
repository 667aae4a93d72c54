/**
 * The state of one CPU: registers, PSW, prefix, and why its loop should stop. 64-bit registers are pairs of 32-bit numbers (decision 0010).
 * Counterpart: what KVM keeps in the SIE block and kvm_run of a vCPU (struct kvm_s390_sie_block, kvm_sync_regs).
 */
import type { Operands } from './operands.ts';
import type { Storage } from './storage.ts';

export type AddressingMode = 24 | 31 | 64;

/** Bits of the PSW's system mask (bits 0-7 of the PSW): I/O and external interruptions. */
export const MASK_IO = 0x02;
export const MASK_EXTERNAL = 0x01;
/** The same byte: addresses are translated (DAT), which no CPU here does. */
export const MASK_DAT = 0x04;
/** CR0, low word: low-address protection (bit 35). */
const LOW_ADDRESS_PROTECTION = 0x1000_0000;
/** Index behind the general registers. */
export const SCRATCH = 16;

export class Cpu {
  /** CPU address. */
  readonly id: number;
  readonly storage: Storage;
  /** General registers: bits 0-31 and bits 32-63, signed. Number 16 (`SCRATCH`) is for instructions on operands in storage. */
  readonly hi = new Int32Array(17);
  readonly lo = new Int32Array(17);
  /** Floating-point registers as 64-bit storage, and the floating-point control register. */
  readonly fprHi = new Int32Array(16);
  readonly fprLo = new Int32Array(16);
  fpc = 0;
  /** Access registers. */
  readonly ar = new Int32Array(16);
  /** Control registers; stored by `setControl`. */
  readonly crHi = new Int32Array(16);
  readonly crLo = new Int32Array(16);

  /** PSW bits 0-7: PER, DAT, I/O and external mask. */
  systemMask = 0;
  /** PSW key (bits 8-11). */
  key = 0;
  /** PSW bits 13, 14, 15: machine-check mask, wait state, problem state. */
  machineCheckMask = false;
  wait = false;
  problem = false;
  /** Address-space control (bits 16-17). */
  asc = 0;
  /** Condition code, 0-3 (bits 18-19). */
  cc = 0;
  /** Program mask (bits 20-23): fixed-point overflow 8, decimal overflow 4, HFP exponent underflow 2, HFP significance 1. */
  programMask = 0;
  /**
   * Address of the next instruction. Exact between 0 and 2^53; a relative branch may leave a negative one, which means 2^64 more; one from
   * 2^53 on is told exactly by `wildHi` and `wildLo`. The loop keeps it up to date only between blocks: instructions use `insn.next`.
   */
  ia = 0;
  wildHi = 0;
  wildLo = 0;
  /** True in 64-bit mode: what most instructions ask. */
  mode64 = true;
  /** All ones of the addressing mode, for 24 and 31 bits. */
  addressMask = 0x7fff_ffff;
  /** Absolute address of this CPU's prefix area: 8 KiB that change places with those at 0. */
  prefix = 0;
  /** The first two words of a PSW that is not valid, for the interruption that tells so; null while it is valid. */
  invalidPsw: readonly [number, number] | null = null;
  /** Real addresses are absolute ones, and stores need no look at low-address protection: operands take the short way. */
  direct = true;

  /** Instructions executed so far, attempts that ended in a program exception included. */
  executed = 0;
  /** The loop returns at the next look around, with 'attention': an interruption may have become due. Set by anybody. */
  attention = false;
  /** Set by instructions that somebody outside serves; the loop returns 'intercept'. Whoever serves it sets it to null. */
  intercepted: Operands | null = null;
  /** The CPU cannot go on, and why (a program new PSW that is invalid, ...); null while it can. */
  checkStop: string | null = null;
  /** Program interruptions taken, by code; instructions that the machine does not provide, by name. */
  readonly programInterruptions = new Map<number, number>();
  readonly unimplemented = new Map<string, number>();

  constructor(id: number, storage: Storage) {
    this.id = id;
    this.storage = storage;
  }

  get mode(): AddressingMode {
    return this.mode64 ? 64 : this.addressMask === 0x7fff_ffff ? 31 : 24;
  }

  setMode(mode: AddressingMode): void {
    this.mode64 = mode === 64;
    this.addressMask = mode === 24 ? 0xff_ffff : 0x7fff_ffff;
    this.chooseWay();
  }

  /** Absolute address of the prefix area; bits below 8 KiB are ignored. It must lie in the storage (SIGP and SPX check that first). */
  setPrefix(address: number): void {
    this.prefix = address & 0x7fff_e000;
    this.chooseWay();
  }

  /** Loads a control register: bits 0-31 and bits 32-63. */
  setControl(register: number, hi: number, lo: number): void {
    this.crHi[register] = hi;
    this.crLo[register] = lo;
    this.chooseWay();
  }

  get lowAddressProtection(): boolean {
    return (this.crLo[0]! & LOW_ADDRESS_PROTECTION) !== 0;
  }

  /** Addresses wrap at 2^31 or 2^24: matters only for operands that reach over the end. */
  private chooseWay(): void {
    const wraps = !this.mode64 && this.storage.size > this.addressMask;
    this.direct = this.prefix === 0 && !wraps && !this.lowAddressProtection;
  }

  /** Absolute address of a real one. */
  absolute(real: number): number {
    if (this.prefix === 0) return real;
    if (real < 0x2000) return real + this.prefix;
    return real >= this.prefix && real < this.prefix + 0x2000 ? real - this.prefix : real;
  }

  /** Branches to an address in a register, cut to the addressing mode. */
  branchTo(hi: number, lo: number): void {
    if (!this.mode64) this.ia = lo & this.addressMask;
    else if (hi === 0) this.ia = lo >>> 0;
    else {
      this.ia = (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
      this.wildHi = hi;
      this.wildLo = lo;
    }
  }

  /** Moves the instruction address on by some bytes. */
  skip(bytes: number): void {
    if (this.ia < 0x20_0000_0000_0000) this.ia += bytes;
    else {
      const low = (this.wildLo >>> 0) + bytes;
      this.wildLo = low | 0;
      this.wildHi = (this.wildHi + Math.floor(low / 0x1_0000_0000)) | 0;
    }
  }

  /** Instruction address as two words. */
  get iaHi(): number {
    if (this.ia >= 0x20_0000_0000_0000) return this.wildHi;
    return Math.floor(this.ia / 0x1_0000_0000) | 0;
  }

  get iaLo(): number {
    if (this.ia >= 0x20_0000_0000_0000) return this.wildLo;
    return (this.ia % 0x1_0000_0000) | 0;
  }
}
