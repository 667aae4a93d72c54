/**
 * The state of a CPU as plain values, 64-bit ones as bigint: to start an instruction from a known state and to compare what comes out. No
 * kernel counterpart: like the register sets of KVM_GET_REGS and KVM_GET_SREGS.
 */
import type { AddressingMode, Cpu } from './cpu.ts';

export interface CpuImage {
  /** 16 numbers of 64 bits, unsigned. */
  readonly gprs: readonly bigint[];
  readonly fprs: readonly bigint[];
  readonly crs: readonly bigint[];
  /** 16 numbers of 32 bits, unsigned. */
  readonly ars: readonly number[];
  readonly fpc: number;
  readonly cc: number;
  readonly programMask: number;
  readonly mode: AddressingMode;
  /** Address of the next instruction. */
  readonly ia: bigint;
  readonly prefix: number;
  readonly problem: boolean;
}

function doublewords(hi: Int32Array, lo: Int32Array): bigint[] {
  return Array.from({ length: 16 }, (_, n) => (BigInt(hi[n]! >>> 0) << 32n) | BigInt(lo[n]! >>> 0));
}

function setDoublewords(values: readonly bigint[], hi: Int32Array, lo: Int32Array): void {
  values.forEach((value, n) => {
    hi[n] = Number(BigInt.asIntN(32, value >> 32n));
    lo[n] = Number(BigInt.asIntN(32, value));
  });
}

export function saveState(cpu: Cpu): CpuImage {
  return {
    gprs: doublewords(cpu.hi, cpu.lo),
    fprs: doublewords(cpu.fprHi, cpu.fprLo),
    crs: doublewords(cpu.crHi, cpu.crLo),
    ars: Array.from(cpu.ar, (value) => value >>> 0),
    fpc: cpu.fpc >>> 0,
    cc: cpu.cc,
    programMask: cpu.programMask,
    mode: cpu.mode,
    ia: (BigInt(cpu.iaHi >>> 0) << 32n) | BigInt(cpu.iaLo >>> 0),
    prefix: cpu.prefix,
    problem: cpu.problem,
  };
}

/** What the image does not name stays as it is. Nothing is pending afterwards: no attention, no interception, no check stop. */
export function loadState(cpu: Cpu, image: Partial<CpuImage>): void {
  if (image.gprs !== undefined) setDoublewords(image.gprs, cpu.hi, cpu.lo);
  if (image.fprs !== undefined) setDoublewords(image.fprs, cpu.fprHi, cpu.fprLo);
  if (image.crs !== undefined) {
    setDoublewords(image.crs, cpu.crHi, cpu.crLo);
    cpu.setControl(0, cpu.crHi[0]!, cpu.crLo[0]!);
  }
  image.ars?.forEach((value, n) => (cpu.ar[n] = value));
  cpu.fpc = image.fpc ?? cpu.fpc;
  cpu.cc = image.cc ?? cpu.cc;
  cpu.programMask = image.programMask ?? cpu.programMask;
  cpu.problem = image.problem ?? cpu.problem;
  if (image.prefix !== undefined) cpu.setPrefix(image.prefix);
  if (image.mode !== undefined) cpu.setMode(image.mode);
  if (image.ia !== undefined) {
    // A whole address, whatever the mode cuts from those of branches.
    const { mode } = cpu;
    cpu.setMode(64);
    cpu.branchTo(Number(BigInt.asIntN(32, image.ia >> 32n)), Number(BigInt.asIntN(32, image.ia)));
    cpu.setMode(mode);
  }
  cpu.attention = false;
  cpu.intercepted = null;
  cpu.checkStop = null;
}
