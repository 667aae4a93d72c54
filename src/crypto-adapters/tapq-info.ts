/**
 * The 64-bit hardware information word of TAPQ (struct ap_tapq_hwinfo in arch/s390/include/asm/ap.h), GR2 after the instruction.
 */
import type { TapqInfo } from './ap-instructions.ts';

export function encodeTapqInfo(info: TapqInfo): bigint {
  const low = ((info.type & 0xff) << 24) | ((info.domains & 0xff) << 16) | ((info.ml & 0xf) << 8) | (info.depth & 0xf);
  return (BigInt(info.functions >>> 0) << 32n) | BigInt(low >>> 0);
}

export function decodeTapqInfo(value: bigint): TapqInfo {
  const low = Number(value & 0xffffffffn);
  return {
    functions: Number((value >> 32n) & 0xffffffffn),
    type: (low >>> 24) & 0xff,
    domains: (low >>> 16) & 0xff,
    ml: (low >>> 8) & 0xf,
    depth: low & 0xf,
  };
}
